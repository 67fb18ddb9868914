import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** The path of a customer's table file, as the catalog in the data folder names it; null if the customer has no table. */
export function findTableFile(dataDir: string, customer: string): string | null {
  const catalog = new DatabaseSync(join(dataDir, 'catalog.sqlite'), { readOnly: true });
  try {
    const row = catalog.prepare('SELECT table_id FROM customers WHERE id = ?').get(customer);
    return row?.table_id ? join(dataDir, 'tables', `${customer}_${row.table_id}.duckdb`) : null;
  } finally {
    catalog.close();
  }
}

/** The same, if it must have one. */
export function tableFile(dataDir: string, customer: string): string {
  const path = findTableFile(dataDir, customer);
  assert.ok(path, `${customer} has no table`);
  return path;
}
