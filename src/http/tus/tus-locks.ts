import type { Lock, Locker, RequestRelease } from '@tus/server';
import { Problem } from '../../errors.ts';

/** How long a request waits for another one of the same file. */
const WAIT_MS = 30_000;

interface Holder {
  /** Asks it to end. */
  readonly requestRelease: RequestRelease;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/**
 * One request at a time for each file. Who comes asks the one before it to end: that may be a connection of which nobody knows
 * yet that it is dead. The library's own locks do so, too, but keep the processor busy while they wait.
 */
export class TusLocks implements Locker {
  readonly #holders = new Map<string, Holder>();

  newLock(id: string): Lock {
    const holders = this.#holders;
    return {
      async lock(signal, requestRelease) {
        const patience = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
        const { promise: impatient, resolve } = Promise.withResolvers<void>();
        patience.addEventListener('abort', () => resolve(), { once: true });
        for (let holder = holders.get(id); holder; holder = holders.get(id)) {
          if (patience.aborted) throw new Problem('upload_locked', `Another request for ${id} has not ended.`);
          await holder.requestRelease();
          await Promise.race([holder.released, impatient]);
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
