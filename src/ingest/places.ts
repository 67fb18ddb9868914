import { Problem } from '../errors.ts';

/** Longest line: who comes when it is full is sent away at once. */
const MAX_WAITING = 5_000;

/** One that waits for a place. */
interface Waiting {
  give(): void;
}

/**
 * Places for files that are being received. Each takes memory, so there are so many and no more; who comes when all are
 * taken waits in line, its bytes unread, and is sent away where that takes too long.
 */
export class Places {
  readonly #waitMs: number;
  #free: number;
  /** In the order in which they came. */
  readonly #line = new Set<Waiting>();

  constructor(places: number, waitMs: number) {
    this.#free = places;
    this.#waitMs = waitMs;
  }

  /** @returns what gives the place back, once however often it is called. @throws Problem server_busy */
  async take(): Promise<() => void> {
    if (this.#free > 0) this.#free--;
    else await this.#wait();
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      const [next] = this.#line;
      if (!next) {
        this.#free++;
        return;
      }
      this.#line.delete(next);
      next.give();
    };
  }

  async #wait(): Promise<void> {
    if (this.#line.size >= MAX_WAITING) throw busy();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { give: resolve };
    this.#line.add(waiting);
    const timer = setTimeout(() => {
      // Out of the line first: no place is given to one that has left.
      this.#line.delete(waiting);
      reject(busy());
    }, this.#waitMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

function busy(): Problem {
  return new Problem('server_busy', 'More files are being received than Thena takes at once.');
}
