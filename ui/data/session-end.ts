import { useSyncExternalStore } from 'react';
import { ThenaProblem } from '../../client/thena-problem.ts';

let ended = false;
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
  if (ends) setEnded(true);
  return ends;
}

/** Notes that there is a new session. */
export function beginSession(): void {
  setEnded(false);
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
