import type { Newline } from './dialect.ts';
import { detectNewline, offsetOfLine } from './newlines.ts';

/** The lines of a file above its header, or above its first row. */
export interface LinesAbove {
  readonly lines: number;
  readonly bytes: number;
  /** The delimiter that Excel's first line names (`sep=;`); null if there is no such line. */
  readonly delimiter: string | null;
}

const SEP_LINE = /^(["']?)sep=([\t -/:-@[-`{-~])\1$/i;
/** More than the longest such line. */
const SEP_LINE_BYTES = 16;

/**
 * Finds where the table begins: below Excel's `sep=` line, the lines to skip, and the comments that follow these.
 *
 * @param head UTF-8 without a byte order mark
 * @param complete whether the head is the whole file
 */
export function findLinesAbove(
  head: Buffer,
  { skipLines, comment }: { readonly skipLines: number | null; readonly comment: string | null },
  complete: boolean,
): LinesAbove {
  // These lines are no records, so that quotes in them mean nothing.
  const newline = detectNewline(head, '', complete);
  const delimiter = delimiterOfSepLine(head, newline);
  let lines = Math.max(skipLines ?? 0, delimiter === null ? 0 : 1);
  let bytes = offsetOfLine(head, newline, lines + 1);
  while (comment !== null && bytes < head.length && head[bytes] === comment.charCodeAt(0)) {
    bytes += offsetOfLine(head.subarray(bytes), newline, 2);
    lines++;
  }
  return { lines, bytes, delimiter };
}

function delimiterOfSepLine(head: Buffer, newline: Newline): string | null {
  const end = Math.min(offsetOfLine(head, newline, 2), SEP_LINE_BYTES);
  const line = head.toString('latin1', 0, end).replace(/[\r\n]+$/, '');
  return SEP_LINE.exec(line)?.[2] ?? null;
}
