import type { ColumnType } from '../model/columns.ts';
import type { TableColumn } from '../model/parsed-columns.ts';

/** What a problem with the types of columns says in addition. */
export interface ReasonsForText {
  /** Begins with a space; '' if there are none. */
  readonly detail: string;
  /** Replaces the general hint. */
  readonly extra: { readonly hint?: string };
}

const MAX_COLUMNS = 3;

/** Why columns are text that nearly have one of these types, and what to do about the first of them. */
export function reasonsForText(table: readonly TableColumn[], types: readonly ColumnType[]): ReasonsForText {
  const nearly = table
    .flatMap(({ name, nearly: reason }) => (reason && types.includes(reason.type) ? [{ name, ...reason }] : []))
    .slice(0, MAX_COLUMNS);
  const [first] = nearly;
  if (first === undefined) return { detail: '', extra: {} };
  if (first.remedy !== undefined) {
    const hint = `To make '${first.name}' a ${first.type} column, undo the uploads of the table and upload the file with other values. ${first.remedy}`;
    return { detail: detailOf(nearly), extra: { hint } };
  }
  const what = first.misfits === 1 ? 'this value' : 'these values';
  const nulls = first.nulls === null ? '' : `, or with nulls=${first.nulls} if it means that there is no value`;
  const columns = JSON.stringify([{ name: first.name, type: first.type }]);
  const hint =
    `To make '${first.name}' a ${first.type} column, undo the uploads of the table and upload the file without ${what}${nulls}. ` +
    `Or upload it with on_error=skip and columns=${columns}, which rejects the rows with ${what}.`;
  return {
    detail: detailOf(nearly),
    extra: { hint },
  };
}

function detailOf(nearly: readonly { readonly name: string; readonly message: string }[]): string {
  return nearly.map(({ name, message }) => ` Column '${name}' is text: ${message}`).join('');
}
