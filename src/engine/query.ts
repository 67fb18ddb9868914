import { existsSync } from 'node:fs';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  type DuckDBDataChunk,
  HUGEINT,
  VARCHAR,
} from '@duckdb/node-api';
import { messageOf, reasonOf } from './duckdb-failure.ts';
import type { Operations } from './operation.ts';
import type { EngineOperations } from './protocol.ts';
import { rowBytes } from './row-bytes.ts';

type Row = readonly (bigint | number | boolean | string | null)[];
type Query = EngineOperations['query'];

export const query: Operations['query'] = async ({ database, sql, params, maxRows, maxBytes }, { duckdb, signal }) => {
  // Attaching would make a file that is not there.
  if (!existsSync(database)) return { kind: 'no_table' };
  return duckdb.reading(database, () =>
    duckdb.connected(signal, async (connection) => {
      try {
        const pending = await connection.startStream(sql, [...params], params.map(typeOf));
        // DuckDB forgets an interrupt that came before the statement began; from here on it minds them.
        if (signal.aborted) connection.interrupt();
        const result = await pending.getResult();
        const reply = await readRows(() => result.fetchChunk(), maxRows, maxBytes);
        if (reply.kind !== 'rows') await closeResult(connection);
        return reply;
      } catch (error) {
        if (signal.aborted) await closeResult(connection);
        signal.throwIfAborted();
        const kind = ownFailure(error);
        if (kind) return { kind };
        throw error;
      }
    }),
  );
};

/** Left to itself the package takes 1e300 for a whole number, and fails at it. */
function typeOf(param: Query['params']['params'][number]) {
  if (typeof param === 'bigint') return BigInt.asIntN(64, param) === param ? BIGINT : HUGEINT;
  if (typeof param === 'number') return DOUBLE;
  return typeof param === 'boolean' ? BOOLEAN : VARCHAR;
}

async function readRows(
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
    // Row by row, since a chunk of long texts is many times what an answer may hold.
    for (let index = 0; index < chunk.rowCount; index++) {
      const row = columns.map((column) => column.getItem(index)) as unknown as Row;
      bytes += rowBytes(row);
      if (bytes > maxBytes) return { kind: 'too_many_bytes' };
      rows.push(row);
    }
  }
}

/** A result that was not read to its end keeps the table file open, even one that is detached, until the next statement. */
async function closeResult(connection: DuckDBConnection): Promise<void> {
  await connection.run('SELECT 1');
}

/** The outcome of a query that failed through its own demands; null if the engine is at fault. */
function ownFailure(error: unknown): 'out_of_memory' | 'out_of_range' | null {
  const reason = reasonOf(error);
  if (reason === 'out_of_memory' || reason === 'no_space') return 'out_of_memory';
  // Only conversions of times fail: buckets and time zones reach past both ends of the calendar.
  return /^(Out of Range|Conversion) Error/.test(messageOf(error)) ? 'out_of_range' : null;
}
