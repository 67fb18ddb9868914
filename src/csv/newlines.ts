import type { Newline } from './dialect.ts';

const LF = 10;
const CR = 13;

/**
 * Finds what ends the lines of a file: the end of its first line decides, and the cutter handles the others. Carriage returns
 * alone end lines only if the head has no line feeds. Text in quotes is recognised by counting quotes, because the delimiter is
 * not known yet.
 *
 * @param complete whether the head is the whole file
 */
export function detectNewline(head: Buffer, quote: string, complete: boolean): Newline {
  const quoteByte = quote === '' ? -1 : quote.charCodeAt(0);
  let inQuotes = false;
  let cr = -1;
  for (let at = 0; at < head.length; at++) {
    if (head[at] === quoteByte) inQuotes = !inQuotes;
    else if (inQuotes) continue;
    else if (head[at] === LF) return head[at - 1] === CR ? '\r\n' : '\n';
    else if (head[at] === CR && cr < 0) cr = at;
  }
  // If the head ends with a carriage return, a line feed may follow.
  if (cr >= 0) return cr === head.length - 1 && !complete ? '\r\n' : '\r';
  return head.includes('\r\n') ? '\r\n' : '\n';
}

/** Replaces every line end with a line feed. Does not change line numbers. */
export function unifyNewlines(head: Buffer, newline: Newline): Buffer {
  if (!head.includes(CR)) return head;
  const text = head.toString('latin1');
  return Buffer.from(newline === '\r' ? text.replaceAll('\r', '\n') : text.replaceAll('\r\n', '\n'), 'latin1');
}

/** @returns the offset at which a line begins, or the length of the head if it has fewer lines */
export function offsetOfLine(head: Buffer, newline: Newline, line: number): number {
  const end = newline === '\r' ? CR : LF;
  let at = 0;
  for (let passed = 1; passed < line; passed++) {
    const next = head.indexOf(end, at);
    if (next < 0) return head.length;
    at = next + 1;
  }
  return at;
}

export function countLineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) count++;
  return count;
}
