import { createHmac, randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { hashKey } from './api-keys.ts';

const NAME = 'thena_session';
const COOKIE = new RegExp(`(?:^|;) *${NAME}=([A-Za-z0-9_-]{43}) *(?:;|$)`);

/** The secret of a new session, and what the catalog stores. */
export interface NewSession {
  readonly secret: string;
  readonly hash: string;
}

export function newSession(): NewSession {
  const secret = randomBytes(32).toString('base64url');
  return { secret, hash: hashKey(secret) };
}

/** @returns the secret in the request's cookie; null if it has none */
export function sessionSecret({ cookie = '' }: IncomingHttpHeaders): string | null {
  return COOKIE.exec(cookie)?.[1] ?? null;
}

/**
 * Shows that a session was opened with an admin key. The catalog stores it, and it reveals nothing about the key: unlike a hash,
 * it cannot be compared with guessed keys without the secret.
 */
export function adminProof(adminKey: string, secret: string): string {
  return createHmac('sha256', adminKey).update(secret).digest('hex');
}

/**
 * @param secret null: removes the cookie
 * @param headers of the request. If its page was loaded by https, the cookie is sent only by https: a proxy in front of the server
 *   handles TLS, so that the request itself does not show it
 */
export function sessionCookie(secret: string | null, lifetimeMs: number, { origin = '' }: IncomingHttpHeaders): string {
  const seconds = secret === null ? 0 : Math.floor(lifetimeMs / 1000);
  const secure = origin.toLowerCase().startsWith('https://') ? '; Secure' : '';
  return `${NAME}=${secret ?? ''}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure}`;
}
