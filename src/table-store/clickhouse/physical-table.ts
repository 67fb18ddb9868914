import { type ColumnType, type StoredColumn, TAG_COLUMN } from '../../model/columns.ts';
import { type PhysicalColumn, physicalParts, ROW_COLUMN } from '../../model/physical-columns.ts';
import { identifier, literal } from './clickhouse-sql.ts';

/** How tables are made, which differs between a plain server and a replicated cluster. */
export interface TableMaking {
  /** The engine of new tables, such as `ReplicatedMergeTree`, with its arguments if there are any. */
  readonly engine: string;
  /** The cluster on which each statement that changes tables is run; null: it is run on each shard. */
  readonly onCluster: string | null;
}

/** ClickHouse's type for the values of each type. Days and microseconds since 1970-01-01: its own types have fewer years. */
const STORED_TYPES: Readonly<Record<ColumnType, string>> = {
  integer: 'Nullable(Int64)',
  number: 'Nullable(Float64)',
  boolean: 'Nullable(Bool)',
  date: 'Nullable(Int32)',
  timestamp: 'Nullable(Int64)',
  text: 'Nullable(String)',
  // Never written: it keeps the place of a column that has had no values yet.
  unknown: 'Nullable(Bool)',
};

/** Of a column of texts that has few different ones. */
export const FEW_TEXTS = 'LowCardinality(Nullable(String))';

const TABLE_SETTINGS = {
  // Without these, an insert is answered before it is on disk.
  fsync_after_insert: 1,
  fsync_part_directory: 1,
  // A merge, or a deletion, replaces parts that are on disk by a part that has to be, too.
  min_rows_to_fsync_after_merge: 1,
} as const;

/** The stored columns of a table, by name: their types in ClickHouse. */
export type StoredTypes = ReadonlyMap<string, string>;

/** @param fewTexts names of the stored text columns that have few different texts */
export function storedTypes(columns: readonly StoredColumn[], fewTexts: ReadonlySet<string>): StoredTypes {
  return new Map(
    columns
      .flatMap(physicalParts)
      .map((column) => [column.name, fewTexts.has(column.name) ? FEW_TEXTS : storedType(column)]),
  );
}

export function storedType({ type }: Pick<PhysicalColumn, 'type'>): string {
  return STORED_TYPES[type];
}

/** The statement that creates a table. @param timeColumn the stored time column */
export function createTableSql(
  table: string,
  types: StoredTypes,
  timeColumn: string | null,
  making: TableMaking,
): string {
  const hidden = [`${TAG_COLUMN} UInt32`, `${ROW_COLUMN} UInt64 CODEC(Delta, LZ4)`];
  const index = timeColumn === null ? [] : [indexOf(timeColumn)];
  return `CREATE TABLE IF NOT EXISTS ${identifier(table)}${onCluster(making)} (${[...definitions(types), ...hidden, ...index].join(', ')}) ENGINE = ${making.engine} ORDER BY (${TAG_COLUMN}, ${ROW_COLUMN}) SETTINGS ${tableSettings()}`;
}

/** The statement that adds columns, and the index of a new time column. */
export function addColumnsSql(
  table: string,
  types: StoredTypes,
  timeColumn: string | null,
  making: TableMaking,
): string {
  const parts = definitions(types).map((definition) => `ADD COLUMN IF NOT EXISTS ${definition}`);
  if (timeColumn !== null && types.has(timeColumn)) parts.push(`ADD ${indexOf(timeColumn, 'IF NOT EXISTS ')}`);
  return `ALTER TABLE ${identifier(table)}${onCluster(making)} ${parts.join(', ')}`;
}

/** The statement that creates the table of attempts that have ended. No node is suspended for as long as it keeps them. */
export function endedTableSql(table: string, making: TableMaking): string {
  const columns = 'of_table String, tag UInt32, ended_at DateTime DEFAULT now()';
  return `CREATE TABLE IF NOT EXISTS ${identifier(table)}${onCluster(making)} (${columns}) ENGINE = ${making.engine} ORDER BY (of_table, tag) TTL ended_at + INTERVAL 30 DAY SETTINGS ${tableSettings()}`;
}

/** The statement that creates the table with the identity of a shard. */
export function identityTableSql(table: string, making: TableMaking): string {
  const columns = 'catalog_id String, position UInt32, written_at DateTime DEFAULT now()';
  return `CREATE TABLE IF NOT EXISTS ${identifier(table)}${onCluster(making)} (${columns}) ENGINE = ${making.engine} ORDER BY position SETTINGS ${tableSettings()}`;
}

/** A condition on `system.tables`: those of customers. */
export function tablesOfCustomers(database: string): string {
  return `database = ${literal(database)} AND match(name, '_[0-9a-f]{12}$') AND NOT startsWith(name, '_thena_')`;
}

/** Settings of the statement that drops a table: by default, a server drops none of more than 50 GB. */
export const OF_ANY_SIZE = { max_table_size_to_drop: 0 };

export function dropTableSql(table: string, making: TableMaking): string {
  return `DROP TABLE IF EXISTS ${identifier(table)}${onCluster(making)} SYNC`;
}

/** Settings of deletions: one has happened when it is answered, whatever the profile of the user says. A tag is forgotten then. */
export const AT_ONCE = { lightweight_deletes_sync: 2, lightweight_delete_mode: 'alter_update' };

export function deleteRowsSql(table: string, where: string, making: TableMaking): string {
  return `DELETE FROM ${identifier(table)}${onCluster(making)} WHERE ${where}`;
}

function tableSettings(): string {
  return Object.entries(TABLE_SETTINGS)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');
}

function definitions(types: StoredTypes): readonly string[] {
  return [...types].map(([name, type]) => `${name} ${type}`);
}

export function isHiddenColumn(name: string): boolean {
  return name === TAG_COLUMN || name === ROW_COLUMN;
}

/** What the name of an index begins with that is for the stored time column, whose name follows. */
export const TIME_INDEX = 'times_';

/** With it, a condition on times skips the parts of the table that have none of them. */
function indexOf(timeColumn: string, ifNotExists = ''): string {
  return `INDEX ${ifNotExists}${TIME_INDEX}${timeColumn} ${timeColumn} TYPE minmax GRANULARITY 1`;
}

function onCluster({ onCluster: cluster }: TableMaking): string {
  return cluster === null ? '' : ` ON CLUSTER ${literal(cluster)}`;
}
