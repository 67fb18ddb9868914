import { useSyncExternalStore } from 'react';

let ended = false;
const listeners = new Set<() => void>();

/** Notes whether the server no longer accepts the session, as the last answers showed. */
export function setSessionEnded(now: boolean): void {
  if (ended === now) return;
  ended = now;
  for (const listener of listeners) listener();
}

/** Whether the session has ended while the page was in use. Everything stays where it is until there is a new one. */
export function useSessionEnded(): boolean {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => ended,
  );
}
