import { DuckDBInstance } from '@duckdb/node-api';
import { identifier } from '../../src/engine/sql.ts';

/** Gives the columns of a table file the names of the file that created it, as earlier versions of Thena did. */
export async function giveOldNames(path: string, names: readonly string[]): Promise<void> {
  await inFile(path, async (run) => {
    const aside = (index: number): string => `_old_${index}`;
    for (const index of names.keys()) await run(`ALTER TABLE rows RENAME COLUMN c${index} TO ${aside(index)}`);
    for (const [index, name] of names.entries()) {
      await run(`ALTER TABLE rows RENAME COLUMN ${aside(index)} TO ${identifier(name)}`);
    }
  });
}

/** Creates a table file as earlier versions of Thena did, with integers. */
export async function createOldTable(
  path: string,
  names: readonly string[],
  rows: readonly (readonly number[])[],
): Promise<void> {
  await inFile(path, async (run) => {
    const definitions = names.map((name) => `${identifier(name)} BIGINT`);
    await run(`CREATE TABLE rows (${definitions.join(', ')}, _thena_upload INTEGER NOT NULL)`);
    await run(`INSERT INTO rows VALUES ${rows.map((row) => `(${row.join(', ')}, 1)`).join(', ')}`);
  });
}

/** The names of the columns in a table file. */
export async function columnsOf(path: string): Promise<readonly string[]> {
  return inFile(path, async (run) => run('FROM rows LIMIT 0'));
}

async function inFile<T>(
  path: string,
  work: (run: (sql: string) => Promise<readonly string[]>) => Promise<T>,
): Promise<T> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  try {
    await connection.run(`ATTACH '${path.replaceAll("'", "''")}' AS file (STORAGE_VERSION 'v1.5.0')`);
    await connection.run('USE file');
    const result = await work(async (sql) => (await connection.runAndReadAll(sql)).columnNames());
    await connection.run('USE memory');
    await connection.run('DETACH file');
    return result;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
