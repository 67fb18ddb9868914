import type * as api from '../src/api/sessions.ts';
import type { Connection } from './connection.ts';

/** Who is calling: with a cookie, a key, or neither on a server without keys. */
export type Session = api.Session;

const PATH = '/api/v1/session';

export interface SessionCalls {
  /** Opens a session of this browser: from now on its cookie is enough. */
  openSession(key: string): Promise<Session>;
  /** @throws ThenaProblem `key_missing` if there is none, `session_ended` if its key was revoked */
  currentSession(options?: { readonly signal?: AbortSignal }): Promise<Session>;
  endSession(): Promise<void>;
}

export function sessionCalls(connection: Connection): SessionCalls {
  return {
    openSession: (key) => connection.json(PATH, { method: 'POST', json: { key } }),
    currentSession: ({ signal } = {}) => connection.json(PATH, { signal }),
    async endSession() {
      await connection.send(PATH, { method: 'DELETE' });
    },
  };
}
