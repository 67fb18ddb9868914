import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { TAG_COLUMN } from '../../model/columns.ts';
import { physicalParts, ROW_COLUMN } from '../../model/physical-columns.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import {
  COPY_BYTES,
  COPY_ROWS,
  copiedColumns,
  FEW_TEXTS,
  type RowsToCopy,
  rowsOfCopy,
  type StoredTable,
  type TableCopies,
} from '../table-copies.ts';
import { isMissingTable, isRefusal } from './clickhouse-failure.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import { identifier } from './clickhouse-sql.ts';
import { deleteRows } from './delete-rows.ts';
import { forgetEnded } from './ended-attempts.ts';
import { copySql } from './insert-sql.ts';
import { createTableSql, storedType, storedTypes, type TableMaking } from './physical-table.ts';
import { endInserts, insertId } from './running-statements.ts';

const INSERT = {
  async_insert: 0,
  max_insert_threads: 1,
  // A file is one part.
  min_insert_block_size_rows: COPY_ROWS,
  min_insert_block_size_bytes: 4 * COPY_BYTES,
};
const PARQUET = { output_format_parquet_string_as_string: 1, output_format_parquet_compression_method: 'lz4' };

/** Copies go to the shards in turn, and are read from all of them. */
export function clickhouseTableCopies(servers: ClickhouseServers, making: TableMaking): TableCopies {
  const source = (table: StoredTable): string => servers.source(nameOf(table));
  /** One row of whole numbers. */
  const numbers = async (sql: string): Promise<readonly number[]> =>
    ((await servers.reader.rows(sql))[0] ?? []).map(Number);
  let turn = 0;
  return {
    write: (table, rows, path) =>
      reading(table, async () => {
        const columns = copiedColumns(table.columns).map(({ name }) => name);
        const where = await condition(table, rows);
        const select = `SELECT ${[...columns, TAG_COLUMN, ROW_COLUMN].join(', ')} FROM ${source(table)} WHERE ${where}`;
        const settings = { ...PARQUET, output_format_parquet_row_group_size_bytes: COPY_BYTES };
        const result = await servers.reader.read(`${select} ORDER BY ${TAG_COLUMN}, ${ROW_COLUMN} FORMAT Parquet`, {
          settings,
        });
        await pipeline(result, createWriteStream(path));
      }),
    fewTexts: (table) =>
      reading(table, async () => {
        const texts = copiedColumns(table.columns).filter(({ type }) => type === 'text');
        if (texts.length === 0) return [];
        const counts = await numbers(
          `SELECT ${texts.map(({ name }) => `uniqCombined(${name})`).join(', ')} FROM ${source(table)}`,
        );
        return texts.filter((_, index) => (counts[index] ?? 0) <= FEW_TEXTS).map(({ name }) => name);
      }),
    async create(table, fewTexts) {
      const types = storedTypes(table.columns, new Set(fewTexts));
      const sql = createTableSql(unquoted(table), types, storedTime(table), making);
      if (making.onCluster === null) await servers.onEach((shard) => shard.run(sql));
      else await servers.reader.run(sql);
      // Of an interrupted run, an insert may be running still.
      await servers.onEach((shard) => endInserts(shard, unquoted(table), null));
      // The servers may have had this table before it was moved away.
      await servers.onEach((shard) => forgetEnded(shard, making, unquoted(table)));
    },
    async append(table, path, { tags, offset }) {
      const shard = servers.shards[turn++ % servers.shards.length] ?? servers.reader;
      const types = new Map(copiedColumns(table.columns).map((column) => [column.name, storedType(column)]));
      // Files come in order: no later row of these uploads is stored either.
      const where = `${TAG_COLUMN} BETWEEN ${tags[0]} AND ${tags.at(-1)} AND ${ROW_COLUMN} >= ${offset}`;
      try {
        await shard.insert(copySql(unquoted(table), types, where), {
          values: createReadStream(path),
          // Without a token, rows that were deleted by `remove` would count as a repetition, and be left out in silence.
          settings: { ...INSERT, insert_deduplication_token: randomUUID() },
          queryId: insertId(unquoted(table), tags[0] ?? 0),
        });
      } catch (error) {
        // A proxy has repeated the request. What the first one has stored is compared with the source afterwards.
        if (!isRefusal(error)) throw error;
      }
    },
    async count(table, tags) {
      const [count = 0] = await numbers(
        `SELECT count() FROM ${source(table)} WHERE ${TAG_COLUMN} IN (${tags.join(', ')})`,
      );
      return count;
    },
    async tags(table) {
      const rows = await servers.reader.rows<[number]>(`SELECT DISTINCT ${TAG_COLUMN} FROM ${source(table)}`);
      return rows.map(([tag]) => Number(tag));
    },
    async remove(table, tags) {
      if (tags.length === 0) return;
      const where = `${TAG_COLUMN} IN (${tags.map(Number).join(', ')})`;
      // Unlike with a purge, the attempts are not marked as ended: their tags may be those of later uploads.
      await servers.onEach((shard) => deleteRows(shard, making, unquoted(table), tags, where));
    },
  };

  /** Of a single upload, as many rows as make a file of moderate size. */
  async function condition(table: StoredTable, { tags, offset }: RowsToCopy): Promise<string> {
    const of = `${TAG_COLUMN} IN (${tags.join(', ')})`;
    if (tags.length > 1) return of;
    const texts = copiedColumns(table.columns).filter(({ type }) => type === 'text');
    for (let span = rowsOfCopy(table.columns); ; ) {
      const where = `${of} AND ${ROW_COLUMN} >= ${offset} AND ${ROW_COLUMN} < ${offset + span}`;
      if (texts.length === 0) return where;
      // Each is a result of its own: a sum of a thousand terms is nested deeper than ClickHouse allows.
      const lengths = texts.map(({ name }) => `sum(length(${name}))`).join(', ');
      const bytes = (await numbers(`SELECT ${lengths} FROM ${source(table)} WHERE ${where}`)).reduce(
        (a, b) => a + b,
        0,
      );
      if (bytes <= COPY_BYTES || span === 1) return where;
      span = Math.max(1, Math.floor((span * COPY_BYTES) / bytes));
    }
  }
}

async function reading<T>(table: StoredTable, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isMissingTable(error)) throw error;
    const { message } = error as Error;
    const advice = `the table ${unquoted(table)} is missing on a shard: attach it again, or restore it`;
    throw new StorageFailure('failed', `${advice} (${message})`, {}, { cause: error });
  }
}

function unquoted({ customerId, tableId }: StoredTable): string {
  return `${customerId}_${tableId}`;
}

function nameOf(table: StoredTable): string {
  return identifier(unquoted(table));
}

/** The stored column of the times that conditions of queries are about. */
function storedTime({ columns, timeColumn }: StoredTable): string | null {
  const index = columns.findIndex(({ name }) => name === timeColumn);
  const column = columns[index];
  return column ? (physicalParts(column, index).findLast(({ type }) => type === column.type)?.name ?? null) : null;
}
