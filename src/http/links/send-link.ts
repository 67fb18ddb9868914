import type { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../../errors.ts';
import { heldVersion, lastModified, requestedRange } from './conditions.ts';
import type { LinkFormat } from './formats.ts';

/** What a link leads to, before it is made. */
export interface LinkTarget {
  /** Stands for the version of the table, the request, and the format. Has no point. */
  readonly state: string;
  readonly version: number;
  readonly changedAt: Date | null;
  readonly format: LinkFormat;
  /** Without an extension; safe in a header. */
  readonly filename: string;
}

/** The bytes that a link leads to, of which any part can be read. */
export interface LinkBytes {
  readonly length: number;
  /** Identifies the bytes. Has no point. */
  readonly digest: string;
  /** @param end exclusive */
  read(start: number, end: number): Buffer | Readable;
}

/** Answers a client that has the current version. @returns null if it has not */
export function replyNotModified(
  request: FastifyRequest,
  reply: FastifyReply,
  target: LinkTarget,
): FastifyReply | null {
  const modified = lastModified(target.changedAt, Date.now());
  // The rest of the tag identifies the bytes, which need not be made to compare the version.
  const held = heldVersion(request.headers, (etag) => etag.split('.')[0] === target.state, modified);
  if (held === false) return null;
  return reply
    .code(304)
    .headers({ ...validity(target), ...(typeof held === 'string' && { etag: `"${held}"` }) })
    .send(null);
}

/** Sends all or a part of the bytes; only the headers for HEAD. @throws Problem range_not_satisfiable */
export function sendBytes(
  request: FastifyRequest,
  reply: FastifyReply,
  target: LinkTarget,
  bytes: LinkBytes,
): FastifyReply {
  const { length } = bytes;
  const etag = `${target.state}.${bytes.digest}`;
  const isHead = request.method === 'HEAD';
  const validators = { etag, lastModified: lastModified(target.changedAt, Date.now()) };
  // A range of a HEAD request has no meaning (RFC 9110, section 14.2).
  const range = isHead ? null : requestedRange(request.headers, length, validators);
  if (range === 'unsatisfiable') {
    throw new Problem('range_not_satisfiable', `The requested range is beyond the ${length} bytes of the file.`, {
      length,
    });
  }
  const { start, end } = range ?? { start: 0, end: length };
  reply.headers({
    ...describing(target),
    etag: `"${etag}"`,
    'accept-ranges': 'bytes',
    'content-length': end - start,
    ...(range && { 'content-range': `bytes ${start}-${end - 1}/${length}` }),
  });
  return reply.code(range ? 206 : 200).send(isHead ? Buffer.alloc(0) : bytes.read(start, end));
}

/** The headers of a link whose bytes are not made yet, or are made while they are sent. */
export function describing(target: LinkTarget): Readonly<Record<string, string>> {
  const { format, filename, version } = target;
  return {
    ...validity(target),
    'content-type': format.mediaType,
    'content-disposition': `${format.disposition}; filename="${filename}.${format.extension}"`,
    'thena-table-version': String(version),
  };
}

/** A browser may keep what a link leads to, but asks every time whether the table has changed. */
function validity({ changedAt }: LinkTarget): Readonly<Record<string, string>> {
  const modified = lastModified(changedAt, Date.now());
  return {
    'cache-control': 'private, no-cache',
    vary: 'Authorization, Cookie',
    ...(modified && { 'last-modified': modified.toUTCString() }),
  };
}
