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

/** A key in a request, and the scheme that it was sent with. */
export interface SentKey {
  readonly key: string;
  readonly scheme: 'bearer' | 'basic';
}

/**
 * Reads `Authorization: Bearer <key>` (RFC 6750, section 2.1), or the password of `Authorization: Basic` (RFC 7617), whose user
 * name may be any.
 *
 * @returns null if the header is missing, malformed, or has another scheme
 */
export function sentKey(authorization = ''): SentKey | null {
  const bearer = /^Bearer +([^\s]+) *$/i.exec(authorization)?.[1];
  if (bearer !== undefined) return { key: bearer, scheme: 'bearer' };
  const basic = /^Basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization)?.[1];
  const password = /^[^:]*:(.+)$/s.exec(Buffer.from(basic ?? '', 'base64').toString())?.[1];
  return password === undefined ? null : { key: password, scheme: 'basic' };
}
