import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';

/** Runs a statement on a table file that the engine does not use. @returns its rows */
export async function queryFile(database: string, sql: string): Promise<DuckDBValue[][]> {
  const instance = await DuckDBInstance.create(database);
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows;
}
