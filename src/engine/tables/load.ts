import { rm } from 'node:fs/promises';
import type { CsvSegment } from '../../csv/segment.ts';
import { isCertainSegment } from '../../csv/values/certain-columns.ts';
import { TAG_COLUMN } from '../../model/columns.ts';
import { readCsvSql, typesOf } from '../csv/read-csv-sql.ts';
import { SegmentRewriter } from '../csv/segment-rewriter.ts';
import type { Operations } from '../operations.ts';
import type { RewrittenDialect } from '../protocol.ts';
import { tableName } from '../sql.ts';
import { addColumns, createTable } from './table-columns.ts';

const PROGRESS_EVERY_MS = 100;

export const beginLoad: Operations['begin_load'] = async ({ database, columns, create }, { duckdb, signal }) => {
  if (create) {
    await duckdb.creating(database, (catalog) =>
      duckdb.connected(signal, (connection) =>
        createTable(connection, { name: tableName(database), catalog }, database, columns),
      ),
    );
    return null;
  }
  await duckdb.writing(database, (catalog, readsEnded) =>
    duckdb.connected(signal, (connection) => {
      const ended = (): Promise<unknown> => unlessAborted(readsEnded(), signal);
      return addColumns(connection, { name: tableName(database), catalog }, columns, ended);
    }),
  );
  return null;
};

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', abort));
}

/**
 * One transaction. DuckDB parses a segment directly if the shapes of its fields make all values certain. Any other segment is
 * rewritten with canonical values first, which `csv/values` has judged.
 */
export const append: Operations['append'] = async (params, { duckdb, signal, progress }) => {
  const { database, columns, into, source, tag } = params;
  const { dialect, segments } = source;
  const types = typesOf(columns);
  // By the name that `readCsvSql` gives to the column of the file.
  const stored = new Map(into.flatMap((name, index) => (name === null ? [] : [[`c${index}`, name] as const])));
  const direct = segments.filter((segment) => isCertainSegment(segment, params));
  const others = segments.filter((segment) => !direct.includes(segment));
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  const rewriter = new SegmentRewriter(params, dialect);
  return duckdb.writing(database, () =>
    duckdb.connected(signal, async (connection) => {
      let done = 0;
      let current = 0;
      const insert = async (from: readonly CsvSegment[], delimiters: RewrittenDialect): Promise<number> => {
        const rows = readCsvSql(delimiters, from, types);
        const statement = `INSERT INTO ${tableName(database)} (${[...stored.values(), TAG_COLUMN].join(', ')}) SELECT ${[...stored.keys(), tag].join(', ')} FROM ${rows}`;
        return (await connection.run(statement)).rowsChanged;
      };
      const timer = setInterval(() => {
        const { percentage } = connection.progress;
        // -1 if unknown.
        if (percentage >= 0 && total > 0) progress((done + (current * percentage) / 100) / total);
      }, PROGRESS_EVERY_MS);
      const isOne = others.length === 0;
      let rows = 0;
      try {
        if (!isOne) await connection.run('BEGIN');
        if (direct.length > 0) {
          current = direct.reduce((sum, { bytes }) => sum + bytes, 0);
          rows += await insert(direct, dialect);
          done += current;
        }
        for (const segment of others) {
          current = 0;
          // Reading and storing take about as long.
          const rewritten = await rewriter.rewrite(segment, signal, (bytes) => progress((done + bytes / 2) / total));
          done += segment.bytes / 2;
          current = segment.bytes / 2;
          try {
            rows += await insert([rewritten], rewriter.dialect);
          } finally {
            await rm(rewritten.path, { force: true });
          }
          done += current;
        }
        if (!isOne) await connection.run('COMMIT');
        return { rows, ambiguousTimes: rewriter.ambiguousTimes(), incompleteTimes: rewriter.incompleteTimes };
      } catch (error) {
        if (!isOne) await connection.run('ROLLBACK').catch(() => undefined);
        throw error;
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
  if (tags.length === 0) return null;
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
