import type { Catalog } from '../catalog/catalog.ts';
import { hasSameRows, type TableForReading } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import { tableEmpty } from '../model/not-found.ts';
import type { PageOutcome, RowAddress, TableStore } from '../table-store/table-store.ts';
import { type AnalysisSlots, timeLimit } from './analysis-slots.ts';
import { incompleteRead, tableChanged } from './incomplete-read.ts';
import { jsonValue, type TableResult } from './json-values.ts';
import { readSelection, type SelectionRequest } from './read-selection.ts';
import { readTable } from './read-table.ts';
import { RowAddresses } from './row-addresses.ts';

export interface RowsRequest extends SelectionRequest {
  readonly limit: number;
  /** The `nextCursor` of the previous page; null: the first page. */
  readonly cursor: string | null;
  /** The number of the page's first row in the table, from 0; null: that of the cursor. */
  readonly offset: number | null;
}

export interface RowsPage extends TableResult {
  readonly customerId: CustomerId;
  /** The number of the first row in the table, from 0; null if a condition selects the rows. */
  readonly offset: number | null;
  /** Null on the last page. */
  readonly nextCursor: string | null;
  readonly table: { readonly rows: number; readonly version: number };
}

export interface RowPagesDeps {
  readonly catalog: Pick<Catalog, 'tableForReading' | 'committedRows'>;
  readonly tables: Pick<TableStore, 'rows'>;
  readonly analysisMs: number;
}

/** Where a page starts. */
interface Start {
  readonly after: string | RowAddress | null;
  /** The number of its first row in the table. */
  readonly row: number;
}

/**
 * Reads the rows of a table page by page, from a cursor or from the row with a given number. A cursor contains the position
 * after the last row of a page, and identifies the table and its generation: rows of later uploads follow that position, an
 * undo makes the cursor expire.
 */
export class RowPages {
  readonly #deps: RowPagesDeps;
  readonly #slots: AnalysisSlots;
  readonly #addresses: RowAddresses;

  constructor(deps: RowPagesDeps, slots: AnalysisSlots) {
    this.#deps = deps;
    this.#slots = slots;
    this.#addresses = new RowAddresses(deps.catalog);
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
    const start = await this.#start(customerId, view, request);
    const { uncommittedTags, lastTag, table } = view;
    const page = (rows: TableResult['rows'], next: string | null): RowsPage => {
      const offset = request.where.length === 0 ? start.row : null;
      return {
        customerId,
        columns: selection.columns.map((column) => table.columns.find(({ name }) => name === column.name) ?? column),
        rows,
        offset,
        nextCursor: next === null ? null : cursorOf(view, start.row + rows.length, next),
        table: { rows: table.rows, version: table.version },
      };
    };
    if (start.row >= table.rows && request.cursor === null) return page([], null);
    const { after } = start;
    const read = (): Promise<PageOutcome> =>
      this.#slots.run(customerId, timeLimit(analysisMs), signal, (limits) =>
        tables.rows(
          { customerId, tableId: table.tableId, columns: table.columns, uncommittedTags, lastTag },
          { ...selection, after, limit: request.limit },
          limits,
        ),
      );
    const { outcome, now } = await readTable(catalog, customerId, view, read);
    if (!outcome || !hasSameRows(view, now)) throw request.cursor === null ? tableChanged() : outdated();
    switch (outcome.kind) {
      case 'rows': {
        const shaped = outcome.rows.map((row) =>
          row.map((value, index) => jsonValue(value, selection.columns[index]?.type ?? 'text')),
        );
        return page(shaped, outcome.next);
      }
      case 'no_position':
        throw unknownPosition();
      default:
        throw incompleteRead(outcome.kind, analysisMs);
    }
  }

  async #start(customerId: CustomerId, view: TableForReading, request: RowsRequest): Promise<Start> {
    const { cursor, offset, where } = request;
    if (offset === null) return cursor === null ? { after: null, row: 0 } : startIn(cursor, view);
    if (cursor !== null) throw noOffset('a cursor, which already says where the page starts');
    if (where.length > 0) throw noOffset('where: rows are numbered in the whole table. Use next_cursor instead');
    if (offset === 0 || offset >= view.table.rows) return { after: null, row: offset };
    const after = await this.#addresses.find(customerId, view, offset);
    if (!after) throw tableChanged();
    return { after, row: offset };
  }
}

/** @param row the number of the next row in the table; without meaning if a condition selects the rows */
function cursorOf({ createdAt, generation }: TableForReading, row: number, position: string): string {
  return Buffer.from([createdAt.getTime(), generation, row, position].join(' ')).toString('base64url');
}

/** @throws Problem bad_request if the cursor is malformed; cursor_outdated if rows before its position may have been removed */
function startIn(cursor: string, view: TableForReading): Start {
  const [createdAt, generation, row = '', position, ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (position === undefined || rest.length > 0 || !/^\d{1,15}$/.test(row)) throw invalidCursor();
  if (createdAt !== String(view.createdAt.getTime()) || generation !== String(view.generation)) throw outdated();
  return { after: position, row: Number(row) };
}

function noOffset(reason: string): Problem {
  return new Problem('bad_request', `offset cannot be combined with ${reason}.`, { pointer: '/offset' });
}

function outdated(): Problem {
  return new Problem('cursor_outdated', 'An upload was undone after the first page, and its rows were removed.');
}

function invalidCursor(): Problem {
  return new Problem('bad_request', 'Invalid cursor.');
}

/** A position is the table store's own. */
function unknownPosition(): Problem {
  return new Problem(
    'cursor_outdated',
    'The cursor was altered, or the tables were moved to another table store since.',
  );
}
