import { dirname } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { syncFolder } from '../../durable.ts';
import { failpoint } from '../../failpoints.ts';
import { TAG_COLUMN } from '../../model/columns.ts';
import type { PhysicalColumn } from '../../model/physical-columns.ts';
import { DUCKDB_TYPES } from '../csv/column-types.ts';

/** The table of a file that is attached as `catalog`. */
interface AttachedTable {
  readonly name: string;
  readonly catalog: string;
}

export async function createTable(
  connection: DuckDBConnection,
  { name, catalog }: AttachedTable,
  database: string,
  columns: readonly PhysicalColumn[],
): Promise<void> {
  await connection.run(`CREATE TABLE ${name} (${columns.map(definition).join(', ')}, ${TAG_COLUMN} INTEGER NOT NULL)`);
  await connection.run(`CHECKPOINT ${catalog}`);
  // DuckDB fsyncs the file, but not its folder: after a power cut the file might have no name.
  await syncFolder(dirname(database));
}

/**
 * Adds the columns that a table lacks: an upload widens one of its columns. No row is rewritten. A column that is not used in the
 * end has no value, and stays: the next upload that needs it finds it.
 *
 * @param readsEnded waits for the reads of the table that are running
 */
export async function addColumns(
  connection: DuckDBConnection,
  { name, catalog }: AttachedTable,
  columns: readonly PhysicalColumn[],
  readsEnded: () => Promise<unknown>,
): Promise<void> {
  const known = new Set((await connection.runAndReadAll(`FROM ${name} LIMIT 0`)).columnNames());
  const missing = columns.filter((column) => !known.has(column.name));
  if (missing.length === 0) return;
  for (const column of missing) {
    await connection.run(`ALTER TABLE ${name} ADD COLUMN ${definition(column)}`);
    failpoint('column_added');
  }
  // DuckDB cannot checkpoint while a transaction runs that began before the table was altered. Later ones do not matter.
  await readsEnded();
  // The log is not to be replayed with both the new column and rows that have a value in it.
  await connection.run(`CHECKPOINT ${catalog}`);
}

function definition({ name, type }: PhysicalColumn): string {
  return `${name} ${DUCKDB_TYPES[type]}`;
}
