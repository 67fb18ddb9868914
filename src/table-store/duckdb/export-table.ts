import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallOptions, EngineClient } from '../../engine/engine-client.ts';
import type { EngineOperation, EngineOperations } from '../../engine/protocol.ts';
import type { PieceFormat, RowPosition } from '../../engine/row-scan.ts';
import { isCancelled } from '../../model/storage-failure.ts';
import { ExportEnded, type ExportRequest, type TableView } from '../table-store.ts';
import { csvLines, jsonLines } from './compile-lines.ts';
import { compileScan, parquetSql, valueSql } from './compile-scan.ts';

/** Where files are made that are sent once. */
export interface ExportFolder {
  readonly exports: string;
  /** Disk space that those files leave. */
  readonly reserveBytes: number;
}

/** Rows of the first piece: how long they are is not known yet. */
const FIRST_SPAN = 2048;
const FILE_PIECE_BYTES = 256 * 1024;

/** All rows of a table file as bytes. Each piece is a call of its own, so that the engine holds nothing between two. */
export async function* exportTable(
  engine: EngineClient,
  folder: ExportFolder,
  database: string,
  view: TableView,
  request: ExportRequest,
  { pieceMs, signal }: { readonly pieceMs: number; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void> {
  const scan = { database, ...compileScan(view, request) };
  if (request.format === 'parquet') {
    const path = join(folder.exports, `${randomUUID()}.parquet`);
    const select = request.columns.map(parquetSql);
    const params = { ...scan, after: null, select, path, reserveBytes: folder.reserveBytes };
    yield* sendOnce(path, async () => {
      const { kind } = await ask(engine, 'export_parquet', params, { signal });
      if (kind !== 'written') throw new ExportEnded(kind);
    });
    return;
  }
  const format = pieceFormat(request);
  let after: RowPosition | null = null;
  let span = FIRST_SPAN;
  do {
    const params: EngineOperations['export_rows']['params'] = { ...scan, after, format, span };
    const outcome = await ask(engine, 'export_rows', params, { signal, deadlineMs: pieceMs });
    if (outcome.kind === 'position_gone') throw new ExportEnded('no_position');
    if (outcome.kind !== 'found') throw new ExportEnded(outcome.kind);
    ({ next: after, span } = outcome);
    yield outcome.bytes;
  } while (after !== null);
}

function pieceFormat({ format, columns, escapeFormulas }: ExportRequest): PieceFormat {
  if (format === 'arrow') return { kind: 'arrow', columns, select: columns.map(valueSql) };
  return { kind: 'text', ...(format === 'csv' ? csvLines(columns, escapeFormulas) : jsonLines(columns)) };
}

/** Has a file made and reads it; it is gone when it has been read, however that ends. */
async function* sendOnce(path: string, make: () => Promise<void>): AsyncGenerator<Uint8Array, void> {
  let file: FileHandle | null = null;
  try {
    await make();
    file = await open(path);
    // Nobody else has to find it: its space is free as soon as it is closed, also by a crash.
    await rm(path);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(FILE_PIECE_BYTES), 0, FILE_PIECE_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file?.close();
    await rm(path, { force: true });
  }
}

async function ask<Name extends EngineOperation>(
  engine: EngineClient,
  operation: Name,
  params: EngineOperations[Name]['params'],
  options: CallOptions & { readonly signal: AbortSignal },
): Promise<EngineOperations[Name]['result']> {
  try {
    return await engine.call(operation, params, options);
  } catch (error) {
    if (!isCancelled(error)) throw error;
    throw new ExportEnded(options.signal.aborted ? 'cancelled' : 'timed_out');
  }
}
