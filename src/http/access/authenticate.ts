import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKey } from '../../catalog/api-key.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Config } from '../../config.ts';
import { Problem } from '../../errors.ts';
import type { Right } from '../../model/customer-access.ts';
import type { CustomerId } from '../../model/ids.ts';
import { hashKey, sameKey, sentKey } from './api-keys.ts';
import { senderOf } from './same-origin.ts';
import { adminProof, sessionSecret } from './session-cookie.ts';

/** Who sent a request. `anyone`: the server runs without keys. */
export type Caller =
  | { readonly kind: 'anyone' | 'admin'; readonly expiresAt: Date | null }
  | {
      readonly kind: 'customer';
      readonly customerId: CustomerId;
      readonly keyId: string;
      readonly rights: readonly Right[];
      /** When the caller's session expires; null without a session. */
      readonly expiresAt: Date | null;
    };

export type KnownKeys = Pick<Catalog, 'findKeyByHash' | 'findSession'>;
export type AuthSettings = Pick<Config, 'auth' | 'adminKey'>;

interface SentHeaders {
  readonly method?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

const SAFE_METHODS: ReadonlySet<string | undefined> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Finds the caller of a request by its header Authorization or, without one, by its session cookie.
 *
 * @throws Problem key_missing, key_invalid, session_ended, origin_refused
 */
export async function authenticate(request: SentHeaders, settings: AuthSettings, known: KnownKeys): Promise<Caller> {
  if (settings.auth === 'open') return { kind: 'anyone', expiresAt: null };
  const { headers } = request;
  const sent = sentKey(headers.authorization);
  if (sent) {
    // A browser keeps a password and sends it with every later request, also of other pages.
    if (sent.scheme === 'basic' && senderOf(headers) === 'other_page') refuseUnsafe(request);
    return callerOfKey(sent.key, settings, known);
  }
  const secret = headers.authorization === undefined ? sessionSecret(headers) : null;
  if (secret === null) throw new Problem('key_missing', 'The request has no header `Authorization: Bearer <key>`.');
  if (senderOf(headers) !== 'own_page') refuseUnsafe(request);
  return callerOfSession(secret, settings, known);
}

/** @throws Problem key_invalid */
export async function callerOfKey(key: string, { adminKey }: AuthSettings, known: KnownKeys): Promise<Caller> {
  if (adminKey !== null && sameKey(key, adminKey)) return { kind: 'admin', expiresAt: null };
  const found = await known.findKeyByHash(hashKey(key));
  if (!found) throw new Problem('key_invalid', 'The API key is unknown or has been revoked.');
  return customer(found, null);
}

async function callerOfSession(secret: string, { adminKey }: AuthSettings, known: KnownKeys): Promise<Caller> {
  const session = await known.findSession(hashKey(secret));
  if (session?.key) return customer(session.key, session.expiresAt);
  const isAdmin = session?.adminProof && adminKey && sameKey(session.adminProof, adminProof(adminKey, secret));
  if (session && isAdmin) return { kind: 'admin', expiresAt: session.expiresAt };
  throw new Problem('session_ended', 'The session has expired or was ended, or its API key was revoked.');
}

function customer({ customerId, id, rights }: ApiKey, expiresAt: Date | null): Caller {
  return { kind: 'customer', customerId, keyId: id, rights, expiresAt };
}

function refuseUnsafe({ method, headers }: SentHeaders): void {
  if (SAFE_METHODS.has(method)) return;
  const from = headers.origin ?? 'unknown origin';
  throw new Problem('origin_refused', `The request was not sent by a page of this server (${from.slice(0, 120)}).`);
}
