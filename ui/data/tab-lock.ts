/**
 * Does work while this tab holds a lock of the browser that only one tab can have. Waits for it. Pages that are not served over HTTPS
 * or by this machine have no such locks: there, each tab works as if it were alone.
 */
export async function withTabLock(name: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  if (!('locks' in navigator)) return work();
  await navigator.locks.request(name, { signal }, work);
}

/** Does work while this tab holds any of several such locks: the first one that is free. */
export async function withAnyLock(
  names: readonly string[],
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  if (!('locks' in navigator)) return work();
  const others = new AbortController();
  let works: Promise<void> | null = null;
  const attempts = names.map((name) =>
    navigator.locks.request(name, { signal: AbortSignal.any([signal, others.signal]) }, async () => {
      // Two may become free at the same time.
      if (works !== null) return;
      works = work();
      others.abort();
      await works;
    }),
  );
  await Promise.allSettled(attempts);
  signal.throwIfAborted();
  await works;
}

/** @returns names of the locks that any tab holds */
export async function heldTabLocks(): Promise<ReadonlySet<string>> {
  if (!('locks' in navigator)) return new Set();
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => name ?? []));
}
