import { ServerUnreachable, ThenaProblem, UnexpectedResponse } from './thena-problem.ts';

const FIRST_MS = 250;
const MOST_MS = 15_000;

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ServerUnreachable) return true;
  // A proxy whose server is restarting, or a response to HEAD, which has no problem document.
  if (error instanceof UnexpectedResponse) return isTransientStatus(error.status);
  return error instanceof ThenaProblem && (error.retryAfterMs !== null || isTransientStatus(error.status));
}

function isTransientStatus(status: number): boolean {
  return [408, 423, 429, 500, 502, 503, 504, 507].includes(status);
}

/**
 * How long to wait before a retry: twice as long each time, with some chance, so that not all clients of a restarted server come
 * back at once.
 *
 * @param failures how many there were in a row, at least 1
 */
export function retryDelayMs(failures: number, error: unknown): number {
  const asked = error instanceof ThenaProblem ? (error.retryAfterMs ?? 0) : 0;
  const delayMs = Math.min(MOST_MS, FIRST_MS * 2 ** (failures - 1));
  return Math.max(Math.min(asked, MOST_MS), delayMs * (0.75 + Math.random() / 2));
}

/**
 * A file that has changed, or was removed, looks like a lost connection to a request that sends it.
 *
 * @throws Error of the platform, `NotReadableError`
 */
export async function refuseUnreadable(blob: Blob): Promise<void> {
  await blob.slice(0, 1).arrayBuffer();
}

/** @throws the reason of the signal */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    signal?.addEventListener('abort', abort, { once: true });
  });
}
