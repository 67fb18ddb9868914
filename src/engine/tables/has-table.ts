import { basename } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { literal } from '../sql.ts';

/** Whether an attached table file has its table. It has none if a crash interrupted its creation. @param database path of the file */
export async function hasTable(connection: DuckDBConnection, database: string): Promise<boolean> {
  const reader = await connection.runAndReadAll(
    `SELECT 1 FROM duckdb_tables() WHERE database_name = ${literal(basename(database))} AND table_name = 'rows'`,
  );
  return reader.currentRowCount > 0;
}
