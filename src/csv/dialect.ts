/** What ends a line. */
export type Newline = '\n' | '\r\n' | '\r';

/** How a CSV file is written. */
export interface CsvDialect {
  /** One ASCII character between two fields. */
  readonly delimiter: string;
  /** The character around quoted fields, doubled inside them (RFC 4180); '' where the file quotes nothing. */
  readonly quote: string;
  /** Whether the first record names the columns. */
  readonly header: boolean;
}
