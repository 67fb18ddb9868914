import type { Catalog, TableForReading } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import { ExportEnded, type ExportFormat, type ExportRequest, type TableStore } from '../table-store/table-store.ts';
import { readSelection, type SelectionRequest } from './read-selection.ts';
import { hasSameRows } from './same-rows.ts';

export interface TableExportRequest extends SelectionRequest {
  readonly format: ExportFormat;
  readonly escapeFormulas: boolean;
}

/** An export whose first bytes are there: what can be refused has been. */
export interface TableExport {
  readonly version: number;
  readonly first: Uint8Array;
  /** Throws where it cannot go on to its end: what was read until then is no whole. */
  readonly rest: AsyncGenerator<Uint8Array, void>;
}

export interface TableExportsDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'export'>;
  readonly analysisMs: number;
  readonly concurrentExports: number;
}

/** Whole tables, or the rows and columns of them that are asked for, of one version, piece by piece. */
export class TableExports {
  readonly #deps: TableExportsDeps;
  /** How many are under way, by customer. */
  readonly #open = new Map<string, number>();

  constructor(deps: TableExportsDeps) {
    this.#deps = deps;
  }

  /**
   * @param signal the sender has gone: ends it, wherever it is
   * @throws Problem table_empty, too_many_exports, table_changed, analysis_timeout, analysis_too_large, disk_full, and those
   *   of `readSelection`
   */
  async begin({ customerId }: CustomerAccess, request: TableExportRequest, signal: AbortSignal): Promise<TableExport> {
    const view = await this.#deps.catalog.tableForReading(customerId);
    if (!view) throw new Problem('table_empty', `No upload of customer ${customerId} is complete yet.`);
    const { format, escapeFormulas } = request;
    const selection = readSelection(request, view.table.columns);
    this.#refuseBeyond(customerId);
    const rest = this.#pieces(customerId, view, { ...selection, format, escapeFormulas }, signal);
    // Also where nobody ever reads on: a piece that waits for its reader holds a place, and perhaps a file.
    signal.addEventListener('abort', () => void rest.return().catch(() => undefined), { once: true });
    try {
      const first = await rest.next();
      return { version: view.table.version, first: first.value ?? new Uint8Array(0), rest };
    } catch (error) {
      throw error instanceof ExportEnded ? problemOf(error.kind, this.#deps.analysisMs) : error;
    }
  }

  async *#pieces(
    customerId: CustomerAccess['customerId'],
    view: TableForReading,
    request: ExportRequest,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void> {
    const { catalog, tables, analysisMs } = this.#deps;
    const { uncommittedTags, lastTag, table } = view;
    this.#open.set(customerId, (this.#open.get(customerId) ?? 0) + 1);
    try {
      const limits = { chunkMs: analysisMs, signal };
      for await (const piece of tables.export(
        { customerId, columns: table.columns, uncommittedTags, lastTag },
        request,
        limits,
      )) {
        // Looked at when the piece is made: rows of an upload that is undone now may be missing from the next one.
        if (!hasSameRows(view, await catalog.tableForReading(customerId))) {
          throw new Problem('table_changed', 'An upload was taken back, or the table, while it was read.');
        }
        yield piece;
      }
    } finally {
      const left = (this.#open.get(customerId) ?? 1) - 1;
      if (left === 0) this.#open.delete(customerId);
      else this.#open.set(customerId, left);
    }
  }

  /** A slow reader keeps its place for hours: nobody waits for one, and none has them all. */
  #refuseBeyond(customerId: string): void {
    const most = this.#deps.concurrentExports;
    const inAll = [...this.#open.values()].reduce((sum, count) => sum + count, 0);
    if (inAll < most && (this.#open.get(customerId) ?? 0) < Math.ceil(most / 2)) return;
    const whose = inAll < most ? `of customer ${customerId} ` : '';
    throw new Problem('too_many_exports', `As many exports ${whose}are under way as may be at once.`);
  }
}

function problemOf(kind: ExportEnded['kind'], analysisMs: number): Problem {
  switch (kind) {
    case 'disk_full':
      return new Problem(
        'disk_full',
        'The Parquet file that is made before it is sent found no room. Other formats need none.',
      );
    case 'timed_out':
    case 'cancelled':
      return new Problem('analysis_timeout', `The first rows were not found after ${analysisMs / 1000} s.`);
    case 'out_of_memory':
      return new Problem('analysis_too_large', 'The memory that DuckDB may use did not do for one row.');
    case 'no_table':
    case 'no_position':
      return new Problem('table_changed', 'The table was taken away while it was read.');
  }
}
