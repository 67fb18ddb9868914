import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** A new API key: the key, which is shown once, and the hash that the catalog stores. */
export interface NewKey {
  readonly id: string;
  readonly key: string;
  readonly hash: string;
}

/** Generates a key of 256 random bits. That is enough entropy to store it as a plain hash. */
export function newKey(): NewKey {
  const key = `thena_${randomBytes(32).toString('base64url')}`;
  return { id: `key_${randomBytes(9).toString('hex')}`, key, hash: hashKey(key) };
}

/** @returns the SHA-256 of a key in lower-case hexadecimal */
export function hashKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** Compares two keys in constant time. */
export function sameKey(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(hashKey(one)), Buffer.from(hashKey(other)));
}

/**
 * Reads `Authorization: Bearer <key>` (RFC 6750, section 2.1).
 *
 * @returns null if the header is missing or has another scheme
 */
export function bearerKey(authorization: string | undefined): string | null {
  return /^Bearer +([^\s]+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
