import type { IncomingHttpHeaders } from 'node:http';

/** What a response can be compared with (RFC 9110, section 8.8). */
export interface Validators {
  /** Without quotation marks. */
  readonly etag: string;
  readonly lastModified: Date | null;
}

/**
 * The time for the header Last-Modified, which has whole seconds: rounded up, and only once that second is over. No two versions of a
 * table have the same.
 */
export function lastModified(changedAt: Date | null, now: number): Date | null {
  if (changedAt === null) return null;
  const second = Math.ceil(changedAt.getTime() / 1000) * 1000;
  return second <= now ? new Date(second) : null;
}

/**
 * Whether the client has this version (RFC 9110, section 13.2.2): the header If-Modified-Since counts only without If-None-Match.
 *
 * @param isCurrent whether an entity tag, without its quotation marks, stands for the current version
 * @returns the tag that the client has, `true` if it sent none, false if it has no current version
 */
export function heldVersion(
  { 'if-none-match': noneMatch, 'if-modified-since': since }: IncomingHttpHeaders,
  isCurrent: (etag: string) => boolean,
  modified: Date | null,
): string | boolean {
  if (noneMatch !== undefined) {
    if (noneMatch.trim() === '*') return true;
    return [...noneMatch.matchAll(/(?:W\/)?"([^"]*)"/g)].map(([, tag = '']) => tag).find(isCurrent) ?? false;
  }
  const at = since === undefined ? Number.NaN : Date.parse(since);
  return modified !== null && modified.getTime() <= at;
}

/** The bytes to send, end exclusive; `unsatisfiable` if the requested ones do not exist. Null: all of them. */
export type RequestedRange = { readonly start: number; readonly end: number } | 'unsatisfiable' | null;

/**
 * Reads the header Range (RFC 9110, section 14). Several ranges and other units are ignored, which is allowed, as is a range whose
 * If-Range does not match.
 *
 * @param length of the whole
 */
export function requestedRange(
  { range, 'if-range': ifRange }: IncomingHttpHeaders,
  length: number,
  { etag, lastModified: modified }: Validators,
): RequestedRange {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(range ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return null;
  if (ifRange !== undefined && !isSame(String(ifRange).trim(), etag, modified)) return null;
  const [, first = '', last = ''] = match;
  if (first === '') {
    const suffix = Number(last);
    return suffix === 0 || length === 0 ? 'unsatisfiable' : { start: Math.max(0, length - suffix), end: length };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return null;
  if (start >= length) return 'unsatisfiable';
  return { start, end: last === '' ? length : Math.min(length, Number(last) + 1) };
}

/** The strong comparison: a weak tag matches nothing. */
function isSame(ifRange: string, etag: string, modified: Date | null): boolean {
  if (ifRange.startsWith('"')) return ifRange === `"${etag}"`;
  return modified !== null && Date.parse(ifRange) === modified.getTime();
}
