import { type ErrorCode, Problem } from '../errors.ts';

/** DuckDB reads records of up to 2 MiB. */
export const MAX_RECORD_BYTES = 2_000_000;

/** Why text cannot be split into records. Lines are counted from 1. */
export const recordProblems = {
  recordTooLong: (line: number) =>
    new Problem('record_too_long', `The record that begins on line ${line} is longer than ${MAX_RECORD_BYTES} bytes.`, {
      line,
      max_bytes: MAX_RECORD_BYTES,
    }),
  quoteTooLong: (line: number) =>
    refused(
      'quote_not_closed',
      line,
      `The quote opened on line ${line} is not closed within ${MAX_RECORD_BYTES} bytes.`,
    ),
  quoteNotClosed: (line: number) =>
    refused('quote_not_closed', line, `The quote opened on line ${line} is never closed.`),
  textAfterQuote: (line: number) =>
    refused('text_after_quote', line, `On line ${line}, text follows the closing quote of a field.`),
  strayCarriageReturn: (line: number) =>
    refused(
      'stray_carriage_return',
      line,
      `Line ${line} contains a carriage return that is neither in quotes nor followed by a line feed.`,
    ),
  zeroByte: (line: number) => refused('not_csv', line, `Line ${line} contains a zero byte.`),
} as const;

function refused(code: ErrorCode, line: number, detail: string): Problem {
  return new Problem(code, detail, { line });
}
