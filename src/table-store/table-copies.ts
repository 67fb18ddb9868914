import type { StoredColumn } from '../model/columns.ts';
import type { TableName } from '../model/ids.ts';
import { type PhysicalColumn, physicalParts } from '../model/physical-columns.ts';

/** A table as it is stored. */
export interface StoredTable extends TableName {
  readonly columns: readonly StoredColumn[];
  readonly timeColumn: string | null;
}

/** Rows of a table: those of several uploads, or a part of one. */
export interface RowsToCopy {
  readonly tags: readonly number[];
  /** Of a single upload, the rows to pass over. */
  readonly offset: number;
}

/**
 * Copies tables from one store to another exactly, through files: Parquet with a column for each stored one (`copiedColumns`; days and
 * microseconds since 1970-01-01 are integers), the tag (`_thena_upload`), and the row's place among those of its upload
 * (`_thena_row`), in this order. All methods throw StorageFailure.
 */
export interface TableCopies {
  /**
   * Writes rows to a file: all of several uploads, or as many of one as make a file of moderate size. After the last one, the file is empty.
   */
  write(table: StoredTable, rows: RowsToCopy, path: string): Promise<void>;
  /** Stored columns of texts, of which there are few different ones. */
  fewTexts(table: StoredTable): Promise<readonly string[]>;
  /** Creates the table unless it exists. @param fewTexts a hint how to store texts */
  create(table: StoredTable, fewTexts: readonly string[]): Promise<void>;
  /**
   * Appends the rows of a file, which are on disk when this returns. Used for one file of a table at a time, in the order of the tags and
   * offsets. The rows are there once, also if a proxy repeats the request.
   *
   * @param rows with which the file was written
   */
  append(table: StoredTable, path: string, rows: RowsToCopy): Promise<void>;
  /** The number of rows of uploads. */
  count(table: StoredTable, tags: readonly number[]): Promise<number>;
  /** The tags of all rows, also of attempts that were never committed. */
  tags(table: StoredTable): Promise<readonly number[]>;
  /** Deletes the rows of uploads. Their tags can be used again. */
  remove(table: StoredTable, tags: readonly number[]): Promise<void>;
}

/** Sums of a file of rows that differ if a value differs, or is in another row. They can be added, in whatever order. */
export type Checksums = (
  table: StoredTable,
  path: string,
) => Promise<{ readonly rows: number; readonly sums: readonly bigint[] }>;

/** The stored columns that may have values. */
export function copiedColumns(columns: readonly StoredColumn[]): readonly PhysicalColumn[] {
  return columns.flatMap(physicalParts).filter(({ type }) => type !== 'unknown');
}

/** Files of copies have at most as many rows, and about as many bytes of texts. */
export const COPY_ROWS = 250_000;
export const COPY_BYTES = 64 * 1024 * 1024;
/** How much memory DuckDB takes for any other value while it appends it. */
const VALUE_BYTES = 16;

/** How many rows a file has at most: of a wide table fewer, so that they fit into memory. */
export function rowsOfCopy(columns: readonly StoredColumn[]): number {
  const rowBytes = VALUE_BYTES * copiedColumns(columns).length;
  return Math.max(1, Math.min(COPY_ROWS, Math.floor(COPY_BYTES / rowBytes)));
}
/** Of more different texts than these, each is stored for itself. */
export const FEW_TEXTS = 10_000;
