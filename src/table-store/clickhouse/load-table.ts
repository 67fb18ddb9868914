import type { CsvSource } from '../../csv/segment.ts';
import { type StoredColumn, TAG_COLUMN } from '../../model/columns.ts';
import type { ParsedFile } from '../../model/parsed-columns.ts';
import { ROW_COLUMN } from '../../model/physical-columns.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import type { ClickhouseServers } from './clickhouse-servers.ts';
import { literal } from './clickhouse-sql.ts';
import { fewTexts } from './few-texts.ts';
import { addColumnsSql, createTableSql, type StoredTypes, storedTypes, type TableMaking } from './physical-table.ts';

/** The table that an attempt needs. */
export interface WantedTable {
  readonly table: string;
  readonly columns: readonly StoredColumn[];
  /** The stored time column. */
  readonly timeColumn: string | null;
  readonly file: ParsedFile;
  /** The stored column for each column of the file. */
  readonly into: readonly (string | null)[];
}

/** Creates the table on all shards. @param source the first records; null if there are none */
export async function createTable(
  servers: ClickhouseServers,
  making: TableMaking,
  { table, columns, timeColumn, file, into }: WantedTable,
  source: CsvSource | null,
): Promise<void> {
  const types = storedTypes(columns, source ? await fewTexts(file, into, source) : new Set());
  await servers.onEach((shard) => shard.run(createTableSql(table, types, timeColumn, making)));
}

/**
 * Adds the columns that the table lacks, since uploads widen it.
 *
 * @throws StorageFailure failed if a shard has no such table: one that was lost is not replaced by an empty one
 */
export async function completeTable(
  servers: ClickhouseServers,
  making: TableMaking,
  { table, columns, timeColumn }: WantedTable,
): Promise<void> {
  const where = `database = ${literal(servers.database)} AND table = ${literal(table)}`;
  const existing = await servers.onEach(async (shard, index) => {
    const rows = await shard.rows<[string, string]>(`SELECT name, type FROM system.columns WHERE ${where}`);
    if (rows.length === 0) throw new StorageFailure('failed', `${servers.labelOf(index)} has no table ${table}`);
    return new Map(rows.filter(([name]) => name !== TAG_COLUMN && name !== ROW_COLUMN));
  });
  // A widening that was interrupted may have given some shards the columns, which have all the same types.
  const wanted: StoredTypes = new Map([...storedTypes(columns, new Set()), ...existing.flatMap((types) => [...types])]);
  await servers.onEach(async (shard, index) => {
    const missing = new Map([...wanted].filter(([name]) => !existing[index]?.has(name)));
    if (missing.size > 0) await shard.run(addColumnsSql(table, missing, timeColumn, making));
  });
}
