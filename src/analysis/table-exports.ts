import type { Catalog } from '../catalog/catalog.ts';
import { hasSameRows, type TableForReading } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import { FairSemaphore } from '../fair-semaphore.ts';
import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId } from '../model/ids.ts';
import { tableEmpty } from '../model/not-found.ts';
import { StorageFailure } from '../model/storage-failure.ts';
import { ExportEnded, type ExportFormat, type ExportRequest, type TableStore } from '../table-store/table-store.ts';
import { identityOf } from './identity.ts';
import { incompleteRead, tableChanged, tableMissing } from './incomplete-read.ts';
import { readSelection, type SelectionRequest } from './read-selection.ts';

export interface TableExportRequest extends SelectionRequest {
  readonly format: ExportFormat;
  readonly escapeFormulas: boolean;
}

/** An export that has been checked against the table. */
export interface PreparedExport {
  readonly customerId: CustomerId;
  readonly version: number;
  /** When the table changed for the last time; null if that is not known. */
  readonly changedAt: Date | null;
  /** Exports with the same identity have the same rows and columns, in the same format. */
  readonly identity: string;
  /** Whether the table still has this version. */
  isCurrent(): Promise<boolean>;
  /**
   * @param signal aborts when the client disconnects; ends the export at any time
   * @throws Problem too_many_exports, table_changed, table_missing, analysis_timeout, analysis_cancelled, analysis_too_large, disk_full
   */
  begin(signal: AbortSignal): Promise<TableExport>;
}

/** An export whose first chunk has been read, so that it can no longer be refused with a problem. */
export interface TableExport {
  readonly first: Uint8Array;
  /** Throws if the export cannot be completed: the chunks read until then are incomplete. */
  readonly rest: AsyncGenerator<Uint8Array, void>;
}

export interface TableExportsDeps {
  readonly catalog: Pick<Catalog, 'tableForReading'>;
  readonly tables: Pick<TableStore, 'export'>;
  readonly analysisMs: number;
  readonly concurrentExports: number;
}

/** Exports one version of a table, or selected rows and columns of it, chunk by chunk. */
export class TableExports {
  readonly #deps: TableExportsDeps;
  /** A slow client holds its slot for hours. No request waits for that, and no customer may hold all slots. */
  readonly #slots: FairSemaphore<CustomerId>;

  constructor(deps: TableExportsDeps) {
    this.#deps = deps;
    this.#slots = new FairSemaphore({ capacity: deps.concurrentExports, share: 'half' });
  }

  /**
   * Checks a request without reading rows.
   *
   * @throws Problem table_empty, and those of `readSelection`
   */
  async prepare({ customerId }: CustomerAccess, request: TableExportRequest): Promise<PreparedExport> {
    const view = await this.#deps.catalog.tableForReading(customerId);
    if (!view) throw tableEmpty(customerId);
    const { format, escapeFormulas } = request;
    const selected = { ...readSelection(request, view.table.columns), format, escapeFormulas };
    return {
      customerId,
      version: view.table.version,
      changedAt: view.changedAt,
      identity: identityOf(customerId, view, 'export', selected),
      isCurrent: async () => {
        const now = await this.#deps.catalog.tableForReading(customerId);
        return hasSameRows(view, now) && now.table.version === view.table.version;
      },
      begin: (signal) => this.#begin(customerId, view, selected, signal),
    };
  }

  async #begin(
    customerId: CustomerId,
    view: TableForReading,
    request: ExportRequest,
    signal: AbortSignal,
  ): Promise<TableExport> {
    const release = this.#slots.tryAcquire(customerId);
    if (!release) throw this.#tooMany(customerId);
    const rest = this.#chunks(customerId, view, request, signal, release);
    // Needed if nobody reads on: a chunk that waits for its reader holds a slot, and perhaps a file.
    signal.addEventListener('abort', () => void rest.return().catch(() => undefined), { once: true });
    const first = await rest.next();
    return { first: first.value ?? new Uint8Array(0), rest };
  }

  async *#chunks(
    customerId: CustomerId,
    view: TableForReading,
    request: ExportRequest,
    signal: AbortSignal,
    release: () => void,
  ): AsyncGenerator<Uint8Array, void> {
    const { catalog, tables, analysisMs } = this.#deps;
    const { uncommittedTags, lastTag, table } = view;
    const { tableId, columns } = table;
    try {
      const limits = { chunkMs: analysisMs, signal };
      for await (const chunk of tables.export(
        { customerId, tableId, columns, uncommittedTags, lastTag },
        request,
        limits,
      )) {
        // After the chunk was read: the rows of an upload that is undone from now on can only be missing from the next one.
        if (!hasSameRows(view, await catalog.tableForReading(customerId))) throw tableChanged();
        yield chunk;
      }
    } catch (error) {
      if (!(error instanceof ExportEnded || error instanceof StorageFailure)) throw error;
      // A table that is dropped at that moment may make the store fail in any way.
      const now = signal.aborted ? view : await catalog.tableForReading(customerId);
      if (!hasSameRows(view, now)) throw tableChanged();
      if (error instanceof StorageFailure) throw error;
      throw error.kind === 'no_table' ? tableMissing(customerId, view) : incompleteExport(error.kind, analysisMs);
    } finally {
      release();
    }
  }

  #tooMany(customerId: CustomerId): Problem {
    const { concurrentExports } = this.#deps;
    const running =
      this.#slots.free === 0
        ? `The server is running ${concurrentExports} exports`
        : `Customer ${customerId} is running ${Math.ceil(concurrentExports / 2)} exports`;
    return new Problem('too_many_exports', `${running}, which is the maximum.`);
  }
}

function incompleteExport(kind: Exclude<ExportEnded['kind'], 'no_table'>, analysisMs: number): Problem {
  switch (kind) {
    case 'disk_full':
      return new Problem('disk_full', 'There is no space for the Parquet file. The other formats need no disk space.');
    case 'no_position':
      return tableChanged();
    default:
      return incompleteRead(kind, analysisMs);
  }
}
