import type { ApiKey } from './api-key.ts';

/** A browser session: it stands for the key that it was opened with, and ends with it. */
export interface Session {
  /** The key of a customer; null for the administrator's. */
  readonly key: ApiKey | null;
  /** For the administrator: proves, with the secret of the session, that it was opened with a certain admin key. */
  readonly adminProof: string | null;
  readonly expiresAt: Date;
}

export interface Sessions {
  /**
   * Adds a session. If the key then has more than `maxPerKey`, its oldest sessions end.
   *
   * @param session.hash of the session's secret
   * @returns when it expires
   */
  addSession(
    session: {
      readonly hash: string;
      readonly keyId: string | null;
      readonly adminProof: string | null;
      readonly lifetimeMs: number;
    },
    maxPerKey: number,
  ): Promise<Date>;
  /** @returns null if no session has this hash, it has expired, or its key was revoked */
  findSession(hash: string): Promise<Session | null>;
  /** Succeeds if there is no such session. */
  endSession(hash: string): Promise<void>;
}
