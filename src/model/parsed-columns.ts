import type { Column, LogicalType, StoredColumn } from './columns.ts';
import type { SettledFormat, ValueFormat } from './value-format.ts';

/** A column of a customer's table, and what its files have settled about how its texts are read. */
export interface TableColumn extends StoredColumn {
  readonly settled: SettledFormat;
}

/** A column that a customer was created with. */
export interface DeclaredColumn extends Column {
  readonly type: LogicalType;
  /** The format of its times, as `compileFormat` reads it; null: any that is read without a declaration. */
  readonly format: string | null;
}

/** A column of a file, and how its texts are read. */
export interface ParsedColumn {
  readonly name: string;
  readonly format: ValueFormat;
}

/** The columns of a file, and which of their texts mean null. */
export interface ParsedFile {
  /** In the order of the file. */
  readonly columns: readonly ParsedColumn[];
  /** Texts that mean null, unless the column is text. */
  readonly nulls: readonly string[];
}
