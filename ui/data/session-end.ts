import { useSyncExternalStore } from 'react';
import { ThenaProblem } from '../../client/thena-problem.ts';
import { client } from './client.ts';

/** How late an answer to a request from before a new session may be. */
const LATE_MS = 5_000;

let ended = false;
let begunAt = Number.NEGATIVE_INFINITY;
const listeners = new Set<() => void>();

function setEnded(now: boolean): void {
  if (ended === now) return;
  ended = now;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Notes it if an error means that the server no longer accepts the session. Everything stays where it is until there is a new one.
 *
 * @returns whether it does
 */
export function endsSession(error: unknown): boolean {
  const ends = error instanceof ThenaProblem && error.status === 401;
  if (!ends) return false;
  if (Date.now() < begunAt + LATE_MS) void confirmEnd();
  else setEnded(true);
  return true;
}

/** Notes that there is a new session. */
export function beginSession(): void {
  begunAt = Date.now();
  setEnded(false);
}

/** A request from before the new session may be refused after it has begun. */
async function confirmEnd(): Promise<void> {
  try {
    await client.currentSession();
  } catch (error) {
    if (error instanceof ThenaProblem && error.status === 401) setEnded(true);
  }
}

/** Waits until there is a session again. */
export function untilSession(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (ended && !signal.aborted) return;
      listeners.delete(check);
      resolve();
    };
    listeners.add(check);
    signal.addEventListener('abort', check);
    check();
  });
}

export function useSessionEnded(): boolean {
  return useSyncExternalStore(subscribe, () => ended);
}
