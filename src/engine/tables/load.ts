import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../../durable.ts';
import { TAG_COLUMN } from '../../model/columns.ts';
import { DUCKDB_TYPES } from '../csv/cast-sql.ts';
import { type ColumnTypes, sureTypes, textsSql } from '../csv/read-csv-sql.ts';
import { allFitSql, allSurelyFitSql, valueName, valuesSql } from '../csv/record-sql.ts';
import type { Operations } from '../operations.ts';
import { tableName } from '../sql.ts';

const PROGRESS_EVERY_MS = 100;

export const beginLoad: Operations['begin_load'] = async ({ database, columns, create }, { duckdb, signal }) => {
  if (create) await duckdb.remove(database);
  await duckdb.writing(database, (catalog) =>
    duckdb.connected(signal, async (connection) => {
      if (!create) return;
      const definitions = columns.map(({ name, type }) => `${name} ${DUCKDB_TYPES[type]}`);
      await connection.run(
        `CREATE TABLE ${tableName(database)} (${definitions.join(', ')}, ${TAG_COLUMN} INTEGER NOT NULL)`,
      );
      await connection.run(`CHECKPOINT ${catalog}`);
      // DuckDB fsyncs the file, but not its folder: after a power cut the file might have no name.
      await syncFolder(dirname(database));
    }),
  );
  return null;
};

/**
 * One INSERT, and so one transaction. A row with a value that does not fit gets no tag, and the NOT NULL constraint of the tag
 * column then fails the whole statement.
 *
 * DuckDB parses columns whose shape is sure directly to their types, and the other columns are checked by SQL: with the cheap
 * check first, then with the complete one. If that fails as well, all columns are read as text and checked, because DuckDB
 * does not report which value it could not parse. These are separate statements: in a combined one, DuckDB spends a seventh of
 * the load on the complete check, even if no row reaches it.
 */
export const append: Operations['append'] = async (params, { duckdb, signal, progress }) => {
  const { database, formats, into, source, tag, exact, quick } = params;
  const values = formats.map((_, index) => valueName(index));
  const sure = sureTypes(source, formats);
  const isAnySure = sure.some((type) => type !== null);
  const attempts = [
    ...(quick ? [{ types: sure, fits: allSurelyFitSql(formats, exact, sure), quick: true }] : []),
    ...(isAnySure ? [{ types: sure, fits: allFitSql(formats, exact, sure), quick: false }] : []),
  ];
  return duckdb.writing(database, () =>
    duckdb.connected(signal, async (connection) => {
      const insert = async (fits: string, types: ColumnTypes = []): Promise<number> => {
        const from = valuesSql(textsSql(source, { types }), formats, exact, { types });
        const tagged = `CASE WHEN ${fits} THEN ${tag} END`;
        const statement = `INSERT INTO ${tableName(database)} (${into.join(', ')}, ${TAG_COLUMN}) SELECT ${values.join(', ')}, ${tagged} FROM (${from})`;
        return (await connection.run(statement)).rowsChanged;
      };
      const timer = setInterval(() => {
        const { percentage } = connection.progress;
        // -1 if unknown.
        if (percentage >= 0) progress(percentage / 100);
      }, PROGRESS_EVERY_MS);
      try {
        for (const attempt of attempts) {
          try {
            return { rows: await insert(attempt.fits, attempt.types), quick: attempt.quick };
          } catch {
            // A value is unusual, or a record cannot be parsed: the last statement decides.
            signal.throwIfAborted();
          }
        }
        return { rows: await insert(allFitSql(formats, exact)), quick: false };
      } finally {
        clearInterval(timer);
      }
    }),
  );
};

export const endLoad: Operations['end_load'] = async ({ database, tag, timeColumn }, { duckdb, signal }) =>
  duckdb.writing(database, (catalog) =>
    duckdb.connected(signal, async (connection) => {
      await connection.run(`CHECKPOINT ${catalog}`);
      const times =
        timeColumn === null
          ? 'NULL, NULL'
          : ['min', 'max'].map((fn) => `epoch_us(CAST(${fn}(${timeColumn}) AS TIMESTAMP))`).join(', ');
      const reader = await connection.runAndReadAll(
        `SELECT count(*), ${times} FROM ${tableName(database)} WHERE ${TAG_COLUMN} = ${tag}`,
      );
      const [rows, earliest, latest] = reader.getRows()[0] as [bigint, bigint | null, bigint | null];
      return { rows: Number(rows), earliestAt: earliest, latestAt: latest };
    }),
  );

export const purge: Operations['purge'] = async ({ database, tags }, { duckdb, signal }) => {
  if (tags.length === 0 || !existsSync(database)) return null;
  await duckdb.writing(database, (catalog) =>
    duckdb.connected(signal, async (connection) => {
      await connection.run(
        `DELETE FROM ${tableName(database)} WHERE ${TAG_COLUMN} IN (${tags.map(Number).join(', ')})`,
      );
      await connection.run(`CHECKPOINT ${catalog}`);
    }),
  );
  return null;
};

export const drop: Operations['drop'] = async ({ database }, { duckdb }) => {
  await duckdb.remove(database);
  return null;
};
