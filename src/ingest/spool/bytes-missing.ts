import { Problem } from '../../errors.ts';

/** @param what a file or an object of the spool, without its folder or bucket */
export function bytesMissing(what: string, cause?: unknown): Problem {
  const detail = `The spool no longer has ${what}, or not all of it.`;
  return new Problem('upload_bytes_missing', detail, {}, { cause });
}
