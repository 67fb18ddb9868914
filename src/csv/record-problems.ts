import { type ErrorCode, Problem } from '../errors.ts';

/** Longest record taken, in bytes: DuckDB reads up to 2 MiB. */
export const MAX_RECORD_BYTES = 2_000_000;

/** Why text cannot be cut into records. `line` is where, from 1. */
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
      `The quote that is opened on line ${line} is not closed within ${MAX_RECORD_BYTES} bytes.`,
    ),
  quoteNotClosed: (line: number) =>
    refused('quote_not_closed', line, `The quote that is opened on line ${line} is never closed.`),
  textAfterQuote: (line: number) =>
    refused('text_after_quote', line, `On line ${line} a quoted field is closed and then goes on with another quote.`),
  strayCarriageReturn: (line: number) =>
    refused(
      'stray_carriage_return',
      line,
      `Line ${line} holds a carriage return that is neither in quotes nor followed by a line feed.`,
    ),
  zeroByte: (line: number) => refused('not_csv', line, `There is a zero byte on line ${line}, which no text has.`),
} as const;

function refused(code: ErrorCode, line: number, detail: string): Problem {
  return new Problem(code, detail, { line });
}
