import type { CallOptions, EngineClient } from '../../engine/engine-client.ts';
import type { EngineOperation, EngineOperations } from '../../engine/protocol.ts';
import type { ChunkFormat, RowPosition } from '../../engine/scan-operations.ts';
import { exceededMemory, isCancelled } from '../../model/storage-failure.ts';
import { type ExportFolder, sentFile } from '../sent-file.ts';
import { csvLines, jsonLines } from '../sql/compile-lines.ts';
import { compileScan } from '../sql/compile-scan.ts';
import { type Physical, physicalColumns } from '../sql/physical-columns.ts';
import { ExportEnded, type ExportRequest, type TableView } from '../table-store.ts';
import { DUCKDB } from './duckdb-dialect.ts';
import { DUCKDB_LINES } from './duckdb-lines.ts';
import { parquetSql, valueSql } from './scanned-columns.ts';

/** Rows in the first chunk, when their length is not known yet. */
const FIRST_SPAN = 2048;

/** Exports all rows of a table file. Each chunk is an operation of its own, so that the engine holds nothing in between. */
export async function* exportTable(
  engine: EngineClient,
  folder: ExportFolder,
  database: string,
  view: TableView,
  request: ExportRequest,
  { chunkMs, signal }: { readonly chunkMs: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const physical = physicalColumns(view.columns, DUCKDB);
  const scan = { database, ...compileScan(DUCKDB, view, request, physical) };
  if (request.format === 'parquet') {
    const select = request.columns.map((column) => parquetSql(column, physical));
    const names = request.columns.map(({ name }) => name);
    yield* sentFile(folder, 'parquet', async (path) => {
      const params = { ...scan, after: null, select, names, path, reserveBytes: folder.reserveBytes };
      const { kind } = await callEngine(engine, 'export_parquet', params, { signal });
      if (kind !== 'written') throw new ExportEnded(kind);
    });
    return;
  }
  const format = chunkFormat(request, physical);
  const texts = request.columns.filter(({ type }) => type === 'text').map(physical);
  let after: RowPosition | null = null;
  let span = FIRST_SPAN;
  do {
    const params: EngineOperations['export_rows']['params'] = { ...scan, after, format, texts, span };
    const outcome = await callEngine(engine, 'export_rows', params, { signal, deadlineMs: chunkMs });
    if (outcome.kind === 'position_gone') throw new ExportEnded('no_position');
    if (outcome.kind !== 'found') throw new ExportEnded(outcome.kind);
    ({ next: after, span } = outcome);
    yield outcome.bytes;
  } while (after !== null);
}

function chunkFormat({ format, columns, escapeFormulas }: ExportRequest, physical: Physical): ChunkFormat {
  if (format === 'arrow') return { kind: 'arrow', columns, select: columns.map((each) => valueSql(each, physical)) };
  const lines =
    format === 'csv'
      ? csvLines(DUCKDB_LINES, columns, physical, escapeFormulas)
      : jsonLines(DUCKDB_LINES, columns, physical);
  return { kind: 'text', ...lines };
}

async function callEngine<Name extends EngineOperation>(
  engine: EngineClient,
  operation: Name,
  params: EngineOperations[Name]['params'],
  options: CallOptions & { readonly signal: AbortSignal },
): Promise<EngineOperations[Name]['result']> {
  try {
    return await engine.call(operation, params, options);
  } catch (error) {
    if (exceededMemory(error)) throw new ExportEnded('out_of_memory');
    if (!isCancelled(error)) throw error;
    throw new ExportEnded(options.signal.aborted ? 'cancelled' : 'timed_out');
  }
}
