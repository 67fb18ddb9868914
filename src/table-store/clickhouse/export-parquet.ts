import { type FileHandle, open } from 'node:fs/promises';
import { hasSpaceFor } from '../../disk-space.ts';
import type { Column } from '../../model/columns.ts';
import { type ExportFolder, sentFile } from '../sent-file.ts';
import type { Physical } from '../sql/physical-columns.ts';
import { ExportEnded } from '../table-store.ts';
import type { ClickhouseShard } from './clickhouse-shard.ts';
import { identifier } from './clickhouse-sql.ts';
import { endOf } from './read-failure.ts';
import { streamBytes } from './reading.ts';
import { FIRST_KEY, type Scan } from './scan.ts';

/** How much is written between two looks at the free disk space. */
const CHECK_BYTES = 16 * 1024 * 1024;
/** At the end of every Parquet file, after its metadata. */
const MAGIC = 'PAR1';

const SETTINGS = {
  output_format_parquet_compression_method: 'zstd',
  output_format_parquet_string_as_string: 1,
  // As DuckDB: readers need the memory of a group.
  output_format_parquet_row_group_size: 122_880,
  output_format_parquet_row_group_size_bytes: 64 * 1024 * 1024,
  output_format_parquet_parallel_encoding: 0,
  // The names of the columns mean nothing in the query.
  prefer_column_name_to_alias: 1,
} as const;

/** Writes all rows to a Parquet file and sends it: while the client reads, no query runs. */
export async function* exportParquet(
  shard: ClickhouseShard,
  folder: ExportFolder,
  scan: Scan,
  columns: readonly Column[],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void> {
  const select = columns.map((column) => `${parquetSql(column, scan.physical)} AS ${identifier(column.name)}`);
  const { settings, ...query } = scan.over(select.join(', '), FIRST_KEY, null, ' FORMAT Parquet');
  const statement = { ...query, settings: { ...settings, ...SETTINGS } };
  yield* sentFile(folder, 'parquet', async (path) => {
    const file = await open(path, 'wx');
    try {
      await write(file, streamBytes(shard, statement, signal), folder);
    } catch (error) {
      if (error instanceof ExportEnded) throw error;
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw new ExportEnded('disk_full');
      const end = endOf(error, signal, signal);
      if (end === 'too_many_rows' || end === 'too_many_bytes' || end === 'out_of_range') throw error;
      throw new ExportEnded(end);
    } finally {
      await file.close();
    }
  });
}

async function write(file: FileHandle, chunks: AsyncIterable<Uint8Array>, folder: ExportFolder): Promise<void> {
  const requireSpace = async (): Promise<void> => {
    if (!(await hasSpaceFor(folder.exports, 0, folder.reserveBytes))) throw new ExportEnded('disk_full');
  };
  await requireSpace();
  let unchecked = 0;
  let last = Buffer.alloc(0);
  for await (const chunk of chunks) {
    await file.writeFile(chunk);
    last = Buffer.concat([last, chunk.subarray(-MAGIC.length)]).subarray(-MAGIC.length);
    unchecked += chunk.length;
    if (unchecked < CHECK_BYTES) continue;
    unchecked = 0;
    await requireSpace();
  }
  // An exception that came after the first bytes ends the file with another text.
  if (last.toString() !== MAGIC) throw new Error('ClickHouse did not complete a Parquet file');
}

/** A column as it is written to a Parquet file: dates and timestamps have their types, and timestamps are marked as UTC. */
function parquetSql(column: Column, physical: Physical): string {
  const value = physical(column);
  switch (column.type) {
    // Parquet has no type for nulls only.
    case 'unknown':
      return `CAST(NULL, 'Nullable(String)')`;
    // Neither clamps years beyond those of ClickHouse's types, as conversions do.
    case 'date':
      return `toDate32('1970-01-01') + ${value}`;
    case 'timestamp':
      return `if(${value} IS NULL, NULL, reinterpret(assumeNotNull(${value}), 'DateTime64(6, \\'UTC\\')'))`;
    default:
      return value;
  }
}
