import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A fresh key: the text its holder is shown once, and what the catalog keeps of it. */
export interface NewKey {
  readonly id: string;
  readonly key: string;
  readonly hash: string;
}

/** Makes a customer's key of 256 random bits: so many that a plain hash keeps it. */
export function newKey(): NewKey {
  const key = `thena_${randomBytes(32).toString('base64url')}`;
  return { id: `key_${randomBytes(9).toString('hex')}`, key, hash: hashKey(key) };
}

/** Lower-case hexadecimal SHA-256 of a key. */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Whether two keys are the same, in a time that tells nothing about where they differ. */
export function sameKey(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(hashKey(one)), Buffer.from(hashKey(other)));
}

/**
 * Reads `Authorization: Bearer <key>` (RFC 6750, section 2.1).
 *
 * @returns null where the header is missing or of another scheme
 */
export function bearerKey(authorization: string | undefined): string | null {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
