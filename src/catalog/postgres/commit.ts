import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type pg from 'pg';
import { endsConnection, NotCommitted, OutcomeUnknown, translated, verdictOn } from './failures.ts';
import { type Commit, NOW } from './postgres-dialect.ts';

/** How long the outcome of a commit is looked for. */
const SETTLE_MS = 15_000;
const PAUSE_MS = 200;
/** How long an entry is kept: longer than a server keeps a session whose client is gone. */
const KEPT_MS = 600_000;

/**
 * Commits a transaction, and finds out whether that happened if the answer is lost: the transaction leaves a random ID in the
 * table `commits`. Both statements are one message, so that this costs no time of its own.
 *
 * @param pool of connections for finding out, since all others may be waiting for that
 *
 * It throws NotCommitted if it did not happen and never will, and OutcomeUnknown if that could not be found out.
 */
export function provenCommit(pool: pg.Pool, keptMs = KEPT_MS): Commit {
  return async (session, begunAt) => {
    const id = randomUUID();
    try {
      await session.execute(`insert into commits (id, at, is_committed) values ('${id}', ${NOW}, 1); commit`);
    } catch (error) {
      // The server may also say that it ends the connection after it has committed.
      if (!endsConnection(error as Error)) throw error;
      if (await wasCommitted(pool, { id, begunAt, keptMs }, error as Error)) return;
      throw new NotCommitted('The transaction was lost.', { cause: error });
    }
  };
}

/**
 * Tries to insert the ID as well. While the other session still has its transaction, this waits for its end. If this inserts the ID,
 * the other transaction can no longer do so, and cannot be committed later either. After a process was suspended, it may insert an ID that others
 * have forgotten, which says nothing.
 */
async function wasCommitted(
  pool: pg.Pool,
  { id, begunAt, keptMs }: { readonly id: string; readonly begunAt: number; readonly keptMs: number },
  cause: Error,
): Promise<boolean> {
  const until = performance.now() + SETTLE_MS;
  for (;;) {
    try {
      const { rows } = await pool.query(
        `insert into commits (id, at, is_committed) values ($1, ${NOW}, 0)
          on conflict (id) do update set at = excluded.at returning is_committed, at`,
        [id],
      );
      if (rows[0]?.is_committed === 1) return true;
      if (rows[0]?.at - begunAt < keptMs / 2) return false;
      throw new OutcomeUnknown('Whether a transaction was committed is no longer known.', { cause });
    } catch (error) {
      if (error instanceof OutcomeUnknown) throw error;
      if (verdictOn(translated(error)) !== 'unavailable' || performance.now() > until) {
        throw new OutcomeUnknown('Whether a transaction was committed is unknown.', { cause });
      }
    }
    await wait(PAUSE_MS);
  }
}

/** Removes the entries of commits whose answers arrived long ago. */
export async function forgetCommits(pool: pg.Pool, keptMs = KEPT_MS): Promise<void> {
  await pool.query(`delete from commits where at < ${NOW} - ${keptMs}`);
}
