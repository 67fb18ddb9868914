import { type ErrorCode, Problem } from '../errors.ts';

/** DuckDB reads records of up to 2 MiB. */
export const MAX_RECORD_BYTES = 2_000_000;

/** Why text cannot be split into records. Lines are counted from 1. */
export const recordProblems = {
  /** @param openQuoteLine line of the quote that is not closed within the limit; whether it is closed later is not known */
  recordTooLong: (line: number, openQuoteLine: number | null) => {
    const tooLong = `The record that begins on line ${line} is longer than ${MAX_RECORD_BYTES} bytes.`;
    const quote = openQuoteLine === null ? '' : ` A quote opened on line ${openQuoteLine} is not closed up to there.`;
    return new Problem('record_too_long', tooLong + quote, { line, max_bytes: MAX_RECORD_BYTES });
  },
  quoteNotClosed: (line: number) =>
    refused('quote_not_closed', line, `The quote opened on line ${line} is never closed.`),
  textAfterQuote: (line: number) =>
    refused('text_after_quote', line, `On line ${line}, text follows the closing quote of a field.`),
  /** The record is malformed, but not if backslashes escape quotes. */
  escapedQuote: (code: 'text_after_quote' | 'quote_not_closed', line: number, quote: string) =>
    refused(
      code,
      line,
      `In the record on line ${line}, a quoted field contains \\${quote}. If the file writes quotes in fields like this, set escape=\\.`,
    ),
  strayCarriageReturn: (line: number) =>
    refused(
      'stray_carriage_return',
      line,
      `Line ${line} contains a carriage return that is neither in quotes nor followed by a line feed.`,
    ),
  /** @param field number of the field in its record, from 1 */
  nulByte: (line: number, field: number) =>
    new Problem('nul_byte', `Line ${line} contains a NUL byte, in field ${field}.`, { line, field }),
  commentInOneColumn: (line: number) =>
    refused(
      'upload_option_invalid',
      line,
      `Line ${line} is a comment among the rows of a file with one column. Remove the comments: a blank line would be a row.`,
    ),
} as const;

function refused(code: ErrorCode, line: number, detail: string): Problem {
  return new Problem(code, detail, { line });
}
