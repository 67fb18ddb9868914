import { retryDelayMs } from '../../client/back-off.ts';
import { isProblem, ServerUnreachable, ThenaProblem, UnexpectedResponse } from '../../client/thena-problem.ts';

const MOST_DELAY_MS = 5_000;

/** Whether reading the same again will succeed once a part of the server is back. What took too long or too much memory would do so again. */
export function mayPass(error: unknown): boolean {
  if (error instanceof ServerUnreachable) return true;
  // Of a proxy whose server is restarting.
  if (error instanceof UnexpectedResponse) return [502, 503, 504].includes(error.status);
  if (isProblem(error, 'table_missing', 'table_changed', 'cursor_outdated')) return true;
  return error instanceof ThenaProblem && error.status === 503;
}

/** How everything that is read is tried again, until it succeeds. */
export const RETRIES = {
  retry: (_failures: number, error: Error): boolean => mayPass(error),
  retryDelay: (failures: number, error: Error): number => Math.min(MOST_DELAY_MS, retryDelayMs(failures + 1, error)),
};

interface Read {
  readonly error: Error | null;
  /** Why the last attempt has failed, while it is tried again. */
  readonly failureReason: Error | null;
}

/** Why something cannot be read: for good, or for now. */
export function failureOf({ error, failureReason }: Read): Error | null {
  return error ?? failureReason;
}
