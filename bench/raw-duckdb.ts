/**
 * Loads a file of `npm run sample` with plain DuckDB, at the fastest settings known, as the reference of `run.ts`. Types are
 * given, and nothing is checked that DuckDB does not check on its own.
 *
 *   node bench/raw-duckdb.ts events.csv table.duckdb
 */
import { DuckDBInstance } from '@duckdb/node-api';

const [file = '', database = ''] = process.argv.slice(2);
const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const instance = await DuckDBInstance.create(':memory:', { preserve_insertion_order: 'false', memory_limit: '512MiB' });
const connection = await instance.connect();
await connection.run(`ATTACH ${quoted(database)} AS bench (STORAGE_VERSION 'v1.5.0')`);
await connection.run(
  'CREATE TABLE bench.events (occurred_at TIMESTAMP, event_id BIGINT, event_type VARCHAR, country VARCHAR, amount DOUBLE)',
);
const types =
  "{occurred_at: 'TIMESTAMP', event_id: 'BIGINT', event_type: 'VARCHAR', country: 'VARCHAR', amount: 'DOUBLE'}";
await connection.run(
  `INSERT INTO bench.events FROM read_csv(${quoted(file)}, auto_detect = false, header = true, delim = ',', quote = '"', escape = '"', columns = ${types})`,
);
await connection.run('CHECKPOINT bench');
console.log(JSON.stringify({ peakBytes: process.resourceUsage().maxRSS * 1024 }));
