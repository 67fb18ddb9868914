import type { Column, LogicalType, StoredColumn } from './columns.ts';
import type { SettledFormat, ValueFormat } from './value-format.ts';

/** A column of a customer's table, and what its files have settled about how its texts are read. */
export interface TableColumn extends StoredColumn {
  readonly settled: SettledFormat;
  /** Of a text column: why it has no other type. */
  readonly nearly?: ReasonForText;
}

/** Why a column is text, although most of its values in the file that decided it have another type. */
export interface ReasonForText {
  readonly type: LogicalType;
  /** How many values do not have the type. */
  readonly misfits: number;
  /** The option `nulls` with which they are null; null: it cannot be given. */
  readonly nulls: string | null;
  /** What to do if all values are written in a way that is not read. */
  readonly remedy?: string;
  /** What is said of the column: `1 of 4 values is not a date. Line 5: 'Total'.` */
  readonly message: string;
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
  /** If its times are made of two columns of the file. The format says how the days are written, and the time zone. */
  readonly combines?: {
    readonly day: string;
    readonly clock: string;
    /** The declared format of the times of day. */
    readonly clockPattern: string | null;
  };
}

/** The columns of a file, and which of their texts mean null. */
export interface ParsedFile {
  /** In the order of the file; then the one that is made of two of them. */
  readonly columns: readonly ParsedColumn[];
  /** Texts that mean null, unless the column is text. */
  readonly nulls: readonly string[];
}
