import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

export interface ParquetRows {
  readonly types: Readonly<Record<string, string>>;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Reads a Parquet file with DuckDB: the types of its columns, and its rows in JSON, with times in UTC. */
export async function parquetRows(bytes: Uint8Array): Promise<ParquetRows> {
  const folder = await mkdtemp(join(tmpdir(), 'thena-parquet-'));
  const instance = await DuckDBInstance.create(':memory:');
  try {
    const path = join(folder, 'file.parquet');
    await writeFile(path, bytes);
    const connection = await instance.connect();
    await connection.run("SET TimeZone = 'UTC'");
    const reader = await connection.runAndReadAll(`SELECT * FROM '${path}'`);
    const types = reader.columnTypes().map((type, index) => [reader.columnName(index), String(type)]);
    return {
      types: Object.fromEntries(types),
      rows: reader.getRowObjectsJson() as ParquetRows['rows'],
    };
  } finally {
    instance.closeSync();
    await rm(folder, { recursive: true });
  }
}
