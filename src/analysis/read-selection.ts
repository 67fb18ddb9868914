import { Problem } from '../errors.ts';
import type { Column } from '../model/columns.ts';
import type { Selection } from '../table-store/query-plan.ts';
import { findColumn } from './find-column.ts';
import { planCondition } from './plan-condition.ts';
import { RequestPart, shown } from './request-part.ts';

/** Columns and rows of a table as a URL names them. */
export interface SelectionRequest {
  /** Each a name, or several with commas between them; none: all columns. */
  readonly columns: readonly string[];
  /** A condition as JSON text; null: all rows. */
  readonly where: string | null;
}

/**
 * Checks which columns and rows are asked for against a table. Refusals name their place as if the request were an object
 * with `columns` and `where`.
 *
 * @throws Problem column_not_found, query_invalid, and those of `planCondition`
 */
export function readSelection({ columns, where }: SelectionRequest, table: readonly Column[]): Selection {
  const all = table.map(({ name, type }) => ({ name, type }));
  return {
    columns: columns.length === 0 ? all : chosen(columns, all),
    where:
      where === null
        ? null
        : planCondition(parsed(where), (name) => ({ kind: 'column', column: findColumn(name, all) })),
  };
}

function chosen(asked: readonly string[], table: readonly Column[]): readonly Column[] {
  const isColumn = (text: string) => table.some(({ name }) => name.toLowerCase() === text.toLowerCase());
  // A comma may be part of a name.
  const names = asked.flatMap((text) => (isColumn(text) ? [text] : text.split(',')));
  const columns: Column[] = [];
  for (const [index, name] of names.entries()) {
    const part = new RequestPart(name, `/columns/${index}`);
    const column = findColumn(part, table);
    if (columns.some((each) => each.name === column.name)) {
      throw part.problem('query_invalid', `The column ${shown(column.name)} is asked for twice.`);
    }
    columns.push(column);
  }
  return columns;
}

function parsed(where: string): RequestPart {
  try {
    return new RequestPart(JSON.parse(where), '/where');
  } catch (error) {
    const detail = `/where: ${shown(where)} is not JSON text (${(error as Error).message}).`;
    throw new Problem('query_invalid', detail, { pointer: '/where' }, { cause: error });
  }
}
