import type { Lock, Locker, RequestRelease } from '@tus/server';
import { Problem } from '../../errors.ts';

/** How long a request waits for another request for the same file. */
const WAIT_MS = 30_000;

interface Holder {
  /** Asks the request that holds the lock to end. */
  readonly requestRelease: RequestRelease;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/**
 * One request at a time for each file. A new request asks the one before it to end, since its connection may be dead without
 * anyone having noticed. The library's own locks do the same, but poll while they wait.
 */
export class TusLocks implements Locker {
  readonly #holders = new Map<string, Holder>();

  newLock(id: string): Lock {
    const holders = this.#holders;
    return {
      async lock(signal, requestRelease) {
        const timeout = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
        const { promise: timedOut, resolve } = Promise.withResolvers<void>();
        timeout.addEventListener('abort', () => resolve(), { once: true });
        for (let holder = holders.get(id); holder; holder = holders.get(id)) {
          if (timeout.aborted) {
            throw new Problem('upload_locked', `Another request for upload ${id} is still running.`);
          }
          await holder.requestRelease();
          await Promise.race([holder.released, timedOut]);
        }
        const { promise: released, resolve: release } = Promise.withResolvers<void>();
        holders.set(id, { requestRelease, released, release });
      },
      async unlock() {
        const holder = holders.get(id);
        holders.delete(id);
        holder?.release();
      },
    };
  }
}
