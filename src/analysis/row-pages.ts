import type { Catalog } from '../catalog/catalog.ts';
import { hasSameRows, type TableForReading } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import { tableEmpty } from '../model/not-found.ts';
import type { PageOutcome, TableStore } from '../table-store/table-store.ts';
import { type AnalysisSlots, timeLimit } from './analysis-slots.ts';
import { incompleteRead } from './incomplete-read.ts';
import { jsonValue, type TableResult } from './json-values.ts';
import { readSelection, type SelectionRequest } from './read-selection.ts';

export interface RowsRequest extends SelectionRequest {
  readonly limit: number;
  /** The `nextCursor` of the previous page; null: the first page. */
  readonly cursor: string | null;
}

export interface RowsPage extends TableResult {
  readonly customerId: CustomerId;
  /** Null on the last page. */
  readonly nextCursor: string | null;
  readonly table: { readonly rows: number; readonly version: number };
}

export interface RowPagesDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'rows'>;
  readonly analysisMs: number;
}

/**
 * Reads the rows of a table page by page. A cursor contains the position after the last row of a page, and identifies the table
 * and its generation: rows of later uploads follow that position, an undo makes the cursor expire.
 */
export class RowPages {
  readonly #deps: RowPagesDeps;
  readonly #slots: AnalysisSlots;

  constructor(deps: RowPagesDeps, slots: AnalysisSlots) {
    this.#deps = deps;
    this.#slots = slots;
  }

  /**
   * @param signal aborts when the client disconnects
   * @throws Problem table_empty, cursor_outdated, table_changed, bad_request, analysis_timeout, analysis_cancelled,
   *   analysis_too_large, too_many_analyses, and those of `readSelection`
   */
  async page({ customerId }: CustomerAccess, request: RowsRequest, signal: AbortSignal): Promise<RowsPage> {
    const { catalog, tables, analysisMs } = this.#deps;
    const view = await catalog.tableForReading(customerId);
    if (!view) throw tableEmpty(customerId);
    const selection = readSelection(request, view.table.columns);
    const after = request.cursor === null ? null : positionIn(request.cursor, view);
    const { uncommittedTags, lastTag, table } = view;
    const page = { ...selection, after, limit: request.limit };
    const outcome: PageOutcome = await this.#slots.run(customerId, timeLimit(analysisMs), signal, (limits) =>
      tables.rows({ customerId, columns: table.columns, uncommittedTags, lastTag }, page, limits),
    );
    if (!hasSameRows(view, await catalog.tableForReading(customerId))) {
      if (after !== null) throw outdated();
      throw new Problem('table_changed', 'An upload was undone, or the table deleted, during the read.');
    }
    switch (outcome.kind) {
      case 'rows':
        break;
      case 'no_position':
        throw invalidCursor();
      case 'no_table':
        throw tableEmpty(customerId);
      default:
        throw incompleteRead(outcome.kind, analysisMs);
    }
    return {
      customerId,
      columns: selection.columns,
      rows: outcome.rows.map((row) =>
        row.map((value, index) => jsonValue(value, selection.columns[index]?.type ?? 'text')),
      ),
      nextCursor: outcome.next === null ? null : cursorOf(view, outcome.next),
      table: { rows: table.rows, version: table.version },
    };
  }
}

function cursorOf({ createdAt, generation }: TableForReading, position: string): string {
  return Buffer.from([createdAt.getTime(), generation, position].join(' ')).toString('base64url');
}

/** @throws Problem bad_request if the cursor is malformed; cursor_outdated if rows before its position may have been removed */
function positionIn(cursor: string, view: TableForReading): string {
  const [createdAt, generation, position, ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (position === undefined || rest.length > 0) throw invalidCursor();
  if (createdAt !== String(view.createdAt.getTime()) || generation !== String(view.generation)) throw outdated();
  return position;
}

function outdated(): Problem {
  return new Problem('cursor_outdated', 'An upload was undone after the first page, and its rows were removed.');
}

function invalidCursor(): Problem {
  return new Problem('bad_request', 'Invalid cursor.');
}
