/** What ends a line. */
export type Newline = '\n' | '\r\n' | '\r';

/** The format of the text in the segments of a file. */
export interface CsvDialect {
  /** The ASCII character between two fields. */
  readonly delimiter: string;
  /** The character around quoted fields, doubled within them (RFC 4180); '' if there is none. */
  readonly quote: string;
  /** Whether the first record names the columns. */
  readonly header: boolean;
}

/** The code of the quote; -1 if there is none. */
export function quoteCode({ quote }: Pick<CsvDialect, 'quote'>): number {
  return quote === '' ? -1 : quote.charCodeAt(0);
}

/** What a file has that its segments lack, since it was removed or rewritten when the file was received. */
export interface CsvLayout {
  /** Lines above the header, or above the first row: skipped by request, or the line `sep=;` of Excel. */
  readonly skippedLines: number;
  /** First character of the comments that became blank lines. */
  readonly comment: string | null;
  /** Character that escaped quotes, which are doubled in the segments. */
  readonly escape: string | null;
  /** Whether an empty field after the last column was removed. */
  readonly emptyFieldDropped: boolean;
}

export const PLAIN_LAYOUT: CsvLayout = { skippedLines: 0, comment: null, escape: null, emptyFieldDropped: false };
