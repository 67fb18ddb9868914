import type { Column } from '../model/columns.ts';
import type { Condition, Selection } from '../table-store/query-plan.ts';
import { readConditionText } from './condition-text.ts';
import { planCondition } from './plan-condition.ts';
import { allOf } from './query-parameters.ts';
import { RequestPart, shown } from './request-part.ts';

/** Columns and rows of a table, as selected in a URL. */
export interface SelectionRequest {
  /** Each is a name, or several names separated by commas. Empty: all columns. */
  readonly columns: readonly string[];
  /** Conditions as text (`condition-text.ts`) or JSON, which all have to be true. Empty: all rows. */
  readonly where: readonly string[];
}

/**
 * Checks a selection against the columns of a table. Its problems point into an object with the members `columns` and
 * `where`.
 *
 * @throws Problem column_not_found, query_invalid, and those of `planCondition`
 */
export function readSelection({ columns, where }: SelectionRequest, table: readonly Column[]): Selection {
  const all = table.map(({ name, type }) => ({ name, type }));
  return {
    columns: columns.length === 0 ? all : selected(columns, all),
    where: condition(where, all),
  };
}

function selected(requested: readonly string[], table: readonly Column[]): readonly Column[] {
  const isColumn = (text: string) => table.some(({ name }) => name.toLowerCase() === text.toLowerCase());
  // A name may contain a comma.
  const names = requested.flatMap((text) => (isColumn(text) ? [text] : text.split(',')));
  const columns: Column[] = [];
  for (const [index, name] of names.entries()) {
    const part = new RequestPart(name, `/columns/${index}`);
    const column = part.column(table);
    if (columns.some((each) => each.name === column.name)) {
      throw part.problem('query_invalid', `Duplicate column ${shown(column.name)}.`);
    }
    columns.push(column);
  }
  return columns;
}

function condition(texts: readonly string[], table: readonly Column[]): Condition | null {
  if (texts.length === 0) return null;
  const part = new RequestPart(allOf(texts.map((text) => readConditionText(text, table))), '/where');
  return planCondition(part, (name) => ({ kind: 'column', column: name.column(table) }));
}
