/** What ends a line. */
export type Newline = '\n' | '\r\n' | '\r';

/** The format of a CSV file. */
export interface CsvDialect {
  /** The ASCII character between two fields. */
  readonly delimiter: string;
  /** The character around quoted fields, doubled within them (RFC 4180); '' if there is none. */
  readonly quote: string;
  /** Whether the first record names the columns. */
  readonly header: boolean;
}
