import { existsSync } from 'node:fs';
import type { Operations } from './operation.ts';
import type { EngineOperations } from './protocol.ts';

type Row = readonly (bigint | number | boolean | string | null)[];

export const query: Operations['query'] = async ({ database, sql, params, maxRows, maxBytes }, { duckdb, signal }) => {
  // Attaching would make a file that is not there.
  if (!existsSync(database)) return { kind: 'no_table' };
  return duckdb.reading(database, () =>
    duckdb.connected(signal, async (connection) => {
      try {
        const result = await connection.stream(sql, [...params]);
        const rows: Row[] = [];
        let bytes = 0;
        for (;;) {
          const chunk = await result.fetchChunk();
          if (!chunk || chunk.rowCount === 0) return { kind: 'rows', rows };
          if (rows.length + chunk.rowCount > maxRows) return { kind: 'too_many_rows' };
          for (const row of chunk.getRows() as Row[]) {
            bytes += sizeOf(row);
            rows.push(row);
          }
          if (bytes > maxBytes) return { kind: 'too_many_bytes' };
        }
      } catch (error) {
        signal.throwIfAborted();
        const kind = toldApart(error as Error);
        if (kind) return { kind };
        throw error;
      }
    }),
  );
};

function sizeOf(row: Row): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);
}

/** Failures that are the query's own, and not to be told as the engine's. */
function toldApart({ message }: Error): Exclude<EngineOperations['query']['result']['kind'], 'rows'> | null {
  if (message.startsWith('Out of Memory Error')) return 'out_of_memory';
  if (message.startsWith('Out of Range Error')) return 'out_of_range';
  return null;
}
