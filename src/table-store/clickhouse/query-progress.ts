import { randomUUID } from 'node:crypto';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { literal } from './clickhouse-sql.ts';

const EVERY_MS = 300;

/** Runs a query and reports, while it runs, the share of the rows that it has read. @param run is given the ID of the query */
export async function followProgress<T>(
  shard: ClickhouseShard,
  onProgress: ((share: number) => void) | undefined,
  signal: AbortSignal,
  run: (queryId: string) => Promise<T>,
): Promise<T> {
  const queryId = `thena:read:${randomUUID()}`;
  if (!onProgress) return run(queryId);
  const sql = `SELECT read_rows / greatest(total_rows_approx, read_rows, 1) FROM system.processes WHERE query_id = ${literal(queryId)}`;
  let isAsking = false;
  let done = 0;
  const ask = async (): Promise<void> => {
    const [row] = await shard.rows<[number]>(sql, { signal });
    if (row === undefined || row[0] <= done) return;
    done = row[0];
    onProgress(done);
  };
  const timer = setInterval(() => {
    if (isAsking) return;
    isAsking = true;
    // The query itself reports what is wrong with the server.
    ask()
      .catch(() => undefined)
      .finally(() => {
        isAsking = false;
      });
  }, EVERY_MS);
  try {
    return await run(queryId);
  } finally {
    clearInterval(timer);
  }
}
