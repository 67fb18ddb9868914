import type { Column } from './columns.ts';
import type { SettledFormat, ValueFormat } from './value-format.ts';

/** A column of a customer's table, and what its files have settled about how its texts are read. */
export interface TableColumn extends Column {
  readonly settled: SettledFormat;
}

/** A column that a customer was created with. */
export interface DeclaredColumn extends Column {
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
