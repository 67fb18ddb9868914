import type { DuckDBConnection } from '@duckdb/node-api';
import { isMissingTable } from '../duckdb-failure.ts';
import { tableName } from '../sql.ts';

/**
 * Names of the columns of an attached table file; null if the file has no table, because a crash interrupted its creation.
 *
 * The table itself is asked: `duckdb_tables()` and its like visit all attached files, and a file that is detached in the meantime
 * cannot be attached again until they end.
 *
 * @param database path of the file
 */
export async function columnNames(connection: DuckDBConnection, database: string): Promise<readonly string[] | null> {
  try {
    return (await connection.runAndReadAll(`FROM ${tableName(database)} LIMIT 0`)).columnNames();
  } catch (error) {
    if (isMissingTable(error)) return null;
    throw error;
  }
}
