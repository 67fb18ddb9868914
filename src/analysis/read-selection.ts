import { Problem } from '../errors.ts';
import type { Column } from '../model/columns.ts';
import type { Selection } from '../table-store/query-plan.ts';
import { planCondition } from './plan-condition.ts';
import { RequestPart, shown } from './request-part.ts';

/** Columns and rows of a table, as selected in a URL. */
export interface SelectionRequest {
  /** Each is a name, or several names separated by commas. Empty: all columns. */
  readonly columns: readonly string[];
  /** A condition as JSON. Null: all rows. */
  readonly where: string | null;
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
    where:
      where === null ? null : planCondition(parsed(where), (name) => ({ kind: 'column', column: name.column(all) })),
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

function parsed(where: string): RequestPart {
  try {
    return new RequestPart(JSON.parse(where), '/where');
  } catch (error) {
    const detail = `/where: ${shown(where)} is not valid JSON (${(error as Error).message}).`;
    throw new Problem('query_invalid', detail, { pointer: '/where' }, { cause: error });
  }
}
