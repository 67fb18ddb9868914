import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import * as api from '../../api/sessions.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { Problem } from '../../errors.ts';
import { ALL_RIGHTS } from '../../model/customer-access.ts';
import { emptyResponse, response } from '../openapi/response.ts';
import { hashKey } from './api-keys.ts';
import { type AuthSettings, authenticate, type Caller, callerOfKey } from './authenticate.ts';
import { senderOf } from './same-origin.ts';
import { adminProof, newSession, sessionCookie, sessionSecret } from './session-cookie.ts';

export interface SessionDeps extends AuthSettings {
  readonly catalog: Pick<Catalog, 'addSession' | 'findSession' | 'endSession' | 'findKeyByHash'>;
  readonly sessionMs: number;
}

/** Further sessions of a key end the oldest one. */
const MAX_SESSIONS_PER_KEY = 100;
const COOKIE_HEADER = { 'set-cookie': 'The session cookie, which scripts cannot read.' };

/** `/session`: lets a browser act with a key that its pages do not have to keep. */
export function sessionRoutes(deps: SessionDeps): FastifyPluginAsyncTypebox {
  const { catalog, sessionMs, adminKey } = deps;
  return async (app) => {
    app.post(
      '/api/v1/session',
      {
        config: { right: 'public', problems: ['key_invalid', 'origin_refused'] },
        schema: {
          tags: ['Sessions'],
          summary: 'Open a session',
          description:
            'Sets a cookie that stands for the key until the session expires, is ended, or the key is revoked. With the cookie, requests other than GET and HEAD are accepted only from pages of this server. Without keys, no session is needed, and none is opened.',
          operationId: 'openSession',
          body: api.OpenSession,
          response: { 200: response(api.Session, 'The owner of the key.', COOKIE_HEADER) },
        },
      },
      async ({ body, headers }, reply) => {
        refuseOtherPages(headers);
        if (deps.auth === 'open') return callerJson({ kind: 'anyone', expiresAt: null });
        const caller = await callerOfKey(body.key, deps, catalog);
        const { secret, hash } = newSession();
        const proof = caller.kind === 'admin' && adminKey !== null ? adminProof(adminKey, secret) : null;
        const keyId = caller.kind === 'customer' ? caller.keyId : null;
        const session = { hash, keyId, adminProof: proof, lifetimeMs: sessionMs };
        const expiresAt = await catalog.addSession(session, MAX_SESSIONS_PER_KEY);
        reply.header('set-cookie', sessionCookie(secret, sessionMs, headers));
        return callerJson({ ...caller, expiresAt });
      },
    );

    app.get(
      '/api/v1/session',
      {
        config: { right: ['read', 'upload', 'undo', 'admin'] },
        schema: {
          tags: ['Sessions'],
          summary: 'Get the caller',
          operationId: 'getSession',
          response: { 200: response(api.Session, 'The owner of the session or the key.') },
        },
      },
      async ({ raw }) => callerJson(await authenticate(raw, deps, catalog)),
    );

    app.delete(
      '/api/v1/session',
      {
        config: { right: 'public', problems: ['origin_refused'] },
        schema: {
          tags: ['Sessions'],
          summary: 'End the session',
          description: 'Succeeds if there is no session.',
          operationId: 'endSession',
          response: { 204: emptyResponse('There is no session.', COOKIE_HEADER) },
        },
      },
      async ({ headers }, reply) => {
        refuseOtherPages(headers);
        const secret = sessionSecret(headers);
        if (secret !== null) await catalog.endSession(hashKey(secret));
        return reply
          .code(204)
          .header('set-cookie', sessionCookie(null, 0, headers))
          .send(null);
      },
    );
  };
}

function refuseOtherPages(headers: Parameters<typeof senderOf>[0]): void {
  if (senderOf(headers) !== 'other_page') return;
  throw new Problem('origin_refused', 'Only pages of this server may open and end sessions.');
}

function callerJson(caller: Caller): api.Session {
  const expires_at = caller.expiresAt?.toISOString() ?? null;
  if (caller.kind === 'customer') {
    return { role: 'customer', customer_id: caller.customerId, rights: [...caller.rights], expires_at };
  }
  const role = caller.kind === 'admin' ? 'admin' : 'open';
  return { role, customer_id: null, rights: [...ALL_RIGHTS], expires_at };
}
