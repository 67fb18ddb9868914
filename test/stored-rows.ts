import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { tableFile } from './table-file.ts';

/**
 * Queries a customer's rows (`t`, with the columns `c0`, `c1`, …) without Thena, in a copy of the table file. Thena may be
 * running, but must not be loading into that table.
 */
export async function queryRows(dataDir: string, customer: string, sql: string): Promise<DuckDBValue[][]> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-copy-'));
  const copy = join(folder, 'copy.duckdb');
  copyFileSync(tableFile(dataDir, customer), copy);
  const instance = await DuckDBInstance.create(copy, { access_mode: 'READ_ONLY', threads: '1' });
  try {
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(sql.replaceAll(/\bt\b/g, '"rows"'));
    connection.closeSync();
    return reader.getRows();
  } finally {
    instance.closeSync();
    rmSync(folder, { recursive: true });
  }
}
