import { createHash } from 'node:crypto';

/** To be raised when the same rows are written as other bytes than before. */
const WRITER = 1;

/** A short name for what is in a file: of a request to one version of a table. */
export function stateOf(...parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([WRITER, ...parts]))
    .digest('base64url')
    .slice(0, 22);
}
