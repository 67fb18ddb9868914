import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder } from '../durable.ts';
import { TAG_COLUMN } from '../model/columns.ts';
import { DUCKDB_TYPES } from './csv/format-sql.ts';
import { allFitSql, allSurelyFitSql, sureTypes, type Types, textsSql, valueName, valuesSql } from './csv/read-csv.ts';
import type { Operations } from './operation.ts';
import { identifier, tableName } from './sql.ts';

/** How often a load tells how far it is. */
const PROGRESS_MS = 100;

export const beginLoad: Operations['begin_load'] = async ({ database, columns, create }, { duckdb, signal }) => {
  if (create) await duckdb.remove(database);
  await duckdb.writing(database, (catalog) =>
    duckdb.connected(signal, async (connection) => {
      if (!create) return;
      const definitions = columns.map(({ name, type }) => `${identifier(name)} ${DUCKDB_TYPES[type]}`);
      await connection.run(
        `CREATE TABLE ${tableName(database)} (${definitions.join(', ')}, ${TAG_COLUMN} INTEGER NOT NULL)`,
      );
      await connection.run(`CHECKPOINT ${catalog}`);
      // DuckDB makes the file last, but not its name: after a power cut there might be none.
      await syncFolder(dirname(database));
    }),
  );
  return null;
};

/**
 * One INSERT, so one transaction. A value that does not fit gives the row no tag, and the tag's NOT NULL then fails the
 * whole statement at the first such row.
 *
 * Columns of a sure shape are read by DuckDB itself, and the others are judged: at first only by cheap questions, then by the
 * whole one. Where that fails, too, all are judged, since DuckDB says of no value why it could not read it. These are
 * statements of their own: in one, DuckDB spends a seventh of the load on the whole question even where no row gets to it.
 */
export const append: Operations['append'] = async (params, { duckdb, signal, progress }) => {
  const { database, formats, source, tag, exact, quick } = params;
  const names = formats.map(({ name }) => identifier(name));
  const values = formats.map((_, index) => valueName(index));
  const sure = sureTypes(source, formats);
  const isAnySure = sure.some((type) => type !== null);
  const attempts = [
    ...(quick ? [{ types: sure, fits: allSurelyFitSql(formats, exact, sure), quick: true }] : []),
    ...(isAnySure ? [{ types: sure, fits: allFitSql(formats, exact, sure), quick: false }] : []),
  ];
  return duckdb.writing(database, () =>
    duckdb.connected(signal, async (connection) => {
      const insert = async (fits: string, types: Types = []): Promise<number> => {
        const from = valuesSql(textsSql(source, { types }), formats, exact, { types });
        const tagged = `CASE WHEN ${fits} THEN ${tag} END`;
        const statement = `INSERT INTO ${tableName(database)} (${names.join(', ')}, ${TAG_COLUMN}) SELECT ${values.join(', ')}, ${tagged} FROM (${from})`;
        return (await connection.run(statement)).rowsChanged;
      };
      const timer = setInterval(() => {
        const { percentage } = connection.progress;
        // -1 where it is not known.
        if (percentage >= 0) progress(percentage / 100);
      }, PROGRESS_MS);
      try {
        for (const attempt of attempts) {
          try {
            return { rows: await insert(attempt.fits, attempt.types), quick: attempt.quick };
          } catch {
            // Some value is unusual, or some record cannot be read at all: the last one tells.
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
          : ['min', 'max'].map((fn) => `epoch_us(CAST(${fn}(${identifier(timeColumn)}) AS TIMESTAMP))`).join(', ');
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
