import type { DuckDBConnection } from '@duckdb/node-api';
import { failpoint } from '../../failpoints.ts';
import { TAG_COLUMN } from '../../model/columns.ts';
import { physicalName } from '../../model/physical-columns.ts';
import { catalogName, identifier, tableName } from '../sql.ts';
import { columnNames } from './column-names.ts';

/**
 * Renames the columns of a table to their physical names, if they still have the names of the file that created it (see
 * docs/decisions/0013). After a crash at any point, the table has either all of the old names or all of the new ones.
 *
 * @param database path of the table file, which is attached
 */
export async function renameColumns(connection: DuckDBConnection, database: string): Promise<void> {
  const names = await columnNames(connection, database);
  if (names === null) return;
  const table = tableName(database);
  const old = names.slice(0, names.indexOf(TAG_COLUMN));
  if (old.every((name, index) => name === physicalName(index))) return;
  const rename = (from: string, to: string) =>
    connection.run(`ALTER TABLE ${table} RENAME COLUMN ${identifier(from)} TO ${to}`);
  // A column may have the new name of another one, so all of them first get names that no file may use.
  const temporary = (index: number): string => `_thena_${physicalName(index)}`;
  await connection.run('BEGIN TRANSACTION');
  try {
    for (const [index, name] of old.entries()) await rename(name, temporary(index));
    for (const index of old.keys()) await rename(temporary(index), physicalName(index));
    failpoint('columns_renaming');
    await connection.run('COMMIT');
  } catch (error) {
    await connection.run('ROLLBACK').catch(() => undefined);
    throw error;
  }
  failpoint('columns_renamed');
  await connection.run(`CHECKPOINT ${catalogName(database)}`);
}
