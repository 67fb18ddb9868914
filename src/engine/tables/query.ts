import type { DuckDBConnection, DuckDBDataChunk } from '@duckdb/node-api';
import { messageOf, reasonOf } from '../duckdb-failure.ts';
import { type EngineValue, rowBytes } from '../engine-value.ts';
import type { Operations } from '../operations.ts';
import { parameterTypes } from '../parameter-types.ts';
import type { EngineOperations } from '../protocol.ts';

type Row = readonly EngineValue[];
type Query = EngineOperations['query'];

const PROGRESS_EVERY_MS = 100;

export const query: Operations['query'] = async (
  { database, sql, params, maxRows, maxBytes },
  { duckdb, signal, progress },
) => {
  const outcome = await duckdb.reading(database, () =>
    duckdb.connected(signal, async (connection): Promise<Query['result']> => {
      let done = 0;
      const timer = setInterval(() => {
        // -1 if unknown. It goes back when DuckDB finds out about more work.
        done = Math.max(done, Math.min(1, connection.progress.percentage / 100));
        if (done > 0) progress(done);
      }, PROGRESS_EVERY_MS);
      try {
        const pending = await connection.startStream(sql, [...params], parameterTypes(params));
        // DuckDB ignores an interrupt that came before the statement began, but not from here on.
        if (signal.aborted) connection.interrupt();
        const result = await pending.getResult();
        const outcome = await readResult(() => result.fetchChunk(), maxRows, maxBytes);
        if (outcome.kind !== 'rows') await closeResult(connection);
        return outcome;
      } catch (error) {
        if (signal.aborted) await closeResult(connection);
        signal.throwIfAborted();
        const kind = ownFailure(error);
        if (kind) return { kind };
        throw error;
      } finally {
        clearInterval(timer);
      }
    }),
  );
  return outcome ?? { kind: 'no_table' };
};

async function readResult(
  fetch: () => Promise<DuckDBDataChunk | null>,
  maxRows: number,
  maxBytes: number,
): Promise<Query['result']> {
  const rows: Row[] = [];
  let bytes = 0;
  for (;;) {
    const chunk = await fetch();
    if (!chunk || chunk.rowCount === 0) return { kind: 'rows', rows };
    if (rows.length + chunk.rowCount > maxRows) return { kind: 'too_many_rows' };
    const columns = Array.from({ length: chunk.columnCount }, (_, index) => chunk.getColumnVector(index));
    // Row by row, since a chunk of long texts can be many times larger than the limit.
    for (let index = 0; index < chunk.rowCount; index++) {
      const row = columns.map((column) => column.getItem(index)) as unknown as Row;
      bytes += rowBytes(row);
      if (bytes > maxBytes) return { kind: 'too_many_bytes' };
      rows.push(row);
    }
  }
}

/** A result that was not read to its end keeps even a detached table file open, until the connection's next statement. */
async function closeResult(connection: DuckDBConnection): Promise<void> {
  await connection.run('SELECT 1');
}

/** The outcome of a query that failed through its own demands; null if the engine is at fault. */
function ownFailure(error: unknown): 'out_of_memory' | 'out_of_range' | null {
  const reason = reasonOf(error);
  // Disk space is needed for what does not fit into memory.
  if (reason === 'out_of_memory' || reason === 'no_space') return 'out_of_memory';
  // Only conversions of times can fail: buckets and time zones reach past both ends of the calendar.
  return /^(Out of Range|Conversion) Error/.test(messageOf(error)) ? 'out_of_range' : null;
}
