/**
 * Runs SQL in plain DuckDB on a copy of one of Thena's table files, as the reference of `queries.ts`. Each message is one
 * statement; the reply has the milliseconds until its rows were read, and their number.
 *
 *   node bench/raw-queries.ts table.duckdb 512MiB 2   # started by queries.ts, with a channel
 */
import { setPriority } from 'node:os';
import { DuckDBInstance } from '@duckdb/node-api';

const [file = '', memory_limit = '', threads = ''] = process.argv.slice(2);
const instance = await DuckDBInstance.create(':memory:', {
  preserve_insertion_order: 'false',
  memory_limit,
  threads,
});
const connection = await instance.connect();
await connection.run(`ATTACH '${file.replaceAll("'", "''")}' AS bench (READ_ONLY)`);
// The columns of `npm run sample`, which Thena stores as c0, c1, …
await connection.run(
  'CREATE VIEW events (occurred_at, event_id, event_type, country, amount, upload) AS FROM bench.main.rows',
);
// The priority of Thena's engine, so that other load on the machine slows both equally.
setPriority(5);
process.on('message', (sql: string) => {
  void (async () => {
    const startedAt = performance.now();
    const rows = await (await connection.run(sql)).getRows();
    process.send?.({ ms: performance.now() - startedAt, rows: rows.length });
  })();
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ms: 0, rows: 0 });
