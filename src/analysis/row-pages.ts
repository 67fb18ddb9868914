import type { Catalog, TableForReading } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import type { PageOutcome, TableStore } from '../table-store/table-store.ts';
import type { Admission } from './admission.ts';
import { jsonValue, type TableResult } from './json-values.ts';
import { readSelection, type SelectionRequest } from './read-selection.ts';
import { hasSameRows } from './same-rows.ts';

export interface RowsRequest extends SelectionRequest {
  readonly limit: number;
  /** The `next_cursor` of the page before; null: the first page. */
  readonly cursor: string | null;
}

export interface RowsPage extends TableResult {
  readonly customer_id: CustomerId;
  readonly next_cursor: string | null;
  readonly table: { readonly rows: number; readonly version: number };
}

export interface RowPagesDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'rows'>;
  readonly analysisMs: number;
}

/**
 * A table's rows, page by page. A cursor tells behind which row a page ended, and in which life of the table: uploads that
 * are added later come behind it, and one that is undone ends it.
 */
export class RowPages {
  readonly #deps: RowPagesDeps;
  readonly #admission: Admission;

  constructor(deps: RowPagesDeps, admission: Admission) {
    this.#deps = deps;
    this.#admission = admission;
  }

  /**
   * @param signal the sender has gone
   * @throws Problem table_empty, cursor_outdated, table_changed, bad_request, analysis_timeout, analysis_too_large, too_many_analyses, and
   *   those of `readSelection`
   */
  async page({ customerId }: CustomerAccess, request: RowsRequest, signal: AbortSignal): Promise<RowsPage> {
    const { catalog, tables, analysisMs } = this.#deps;
    const view = await catalog.tableForReading(customerId);
    if (!view) throw new Problem('table_empty', `No upload of customer ${customerId} is complete yet.`);
    const selection = readSelection(request, view.table.columns);
    const after = request.cursor === null ? null : positionIn(request.cursor, view);
    const { uncommittedTags, lastTag, table } = view;
    const page = { ...selection, after, limit: request.limit };
    const began = performance.now();
    const deadline = AbortSignal.timeout(analysisMs);
    const outcome = await this.#admission
      .run(customerId, AbortSignal.any([signal, deadline]), () => {
        const deadlineMs = Math.max(1, Math.ceil(analysisMs - (performance.now() - began)));
        return tables.rows({ customerId, columns: table.columns, uncommittedTags, lastTag }, page, {
          deadlineMs,
          signal,
        });
      })
      .catch((error: unknown): PageOutcome => {
        if (error === deadline.reason && deadline.aborted) return { kind: 'timed_out' };
        throw error;
      });
    if (!hasSameRows(view, await catalog.tableForReading(customerId))) {
      if (after !== null) throw outdated();
      throw new Problem('table_changed', 'An upload was taken back, or the table, while it was read.');
    }
    if (outcome.kind !== 'rows') throw problemOf(outcome.kind, analysisMs);
    return {
      customer_id: customerId,
      columns: selection.columns,
      rows: outcome.rows.map((row) =>
        row.map((value, index) => jsonValue(value, selection.columns[index]?.type ?? 'text')),
      ),
      next_cursor: outcome.next === null ? null : cursorOf(view, outcome.next),
      table: { rows: table.rows, version: table.version },
    };
  }
}

function cursorOf({ createdAt, generation }: TableForReading, position: string): string {
  return Buffer.from([createdAt.getTime(), generation, position].join(' ')).toString('base64url');
}

/** @throws Problem bad_request where it is no cursor; cursor_outdated where rows that it counts are gone */
function positionIn(cursor: string, { createdAt, generation }: TableForReading): string {
  const [life, ofUndos, position, ...rest] = Buffer.from(cursor, 'base64url').toString().split(' ');
  if (position === undefined || rest.length > 0) throw problemOf('no_position', 0);
  if (life !== String(createdAt.getTime()) || ofUndos !== String(generation)) throw outdated();
  return position;
}

function outdated(): Problem {
  return new Problem('cursor_outdated', 'An upload was taken back since the first page, and its rows with it.');
}

function problemOf(kind: Exclude<PageOutcome['kind'], 'rows'>, analysisMs: number): Problem {
  switch (kind) {
    case 'no_position':
      return new Problem('bad_request', 'The cursor is none that a page of this table gave.');
    case 'timed_out':
    case 'cancelled':
      return new Problem('analysis_timeout', `It was not done after ${analysisMs / 1000} s, so it was ended.`);
    case 'out_of_memory':
      return new Problem('analysis_too_large', 'The memory that DuckDB may use did not do for one row.');
    case 'no_table':
      return new Problem('table_empty', 'The table was taken away while it was read.');
  }
}
