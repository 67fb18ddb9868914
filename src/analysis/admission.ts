import { Problem } from '../errors.ts';

/** Longest line, and what one customer may have in it: who comes when it is full is sent away at once. */
const MOST_WAITING = 1_000;
const MOST_WAITING_OF_ONE = 100;

interface Waiting {
  readonly customerId: string;
  admit(): void;
}

/**
 * Bounds how many analyses are computed at once, in all and of one customer. The others wait in the order in which they
 * came, but for those whose customer has its share already: they let others pass.
 */
export class Admission {
  readonly #most: number;
  readonly #mostOfOne: number;
  readonly #running = new Map<string, number>();
  #inAll = 0;
  readonly #line = new Set<Waiting>();

  constructor(most: number) {
    this.#most = most;
    this.#mostOfOne = Math.ceil(most / 2);
  }

  /**
   * Runs `work` when its turn has come.
   *
   * @param signal ends the waiting. @throws Problem too_many_analyses; the signal's reason
   */
  async run<T>(customerId: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    if (this.#mayRun(customerId)) this.#begin(customerId);
    else await this.#wait(customerId, signal);
    try {
      return await work();
    } finally {
      this.#end(customerId);
    }
  }

  #mayRun(customerId: string): boolean {
    return this.#inAll < this.#most && (this.#running.get(customerId) ?? 0) < this.#mostOfOne;
  }

  #begin(customerId: string): void {
    this.#inAll++;
    this.#running.set(customerId, (this.#running.get(customerId) ?? 0) + 1);
  }

  #end(customerId: string): void {
    this.#inAll--;
    const left = (this.#running.get(customerId) ?? 1) - 1;
    if (left === 0) this.#running.delete(customerId);
    else this.#running.set(customerId, left);
    for (const waiting of this.#line) {
      if (!this.#mayRun(waiting.customerId)) continue;
      this.#line.delete(waiting);
      this.#begin(waiting.customerId);
      waiting.admit();
      return;
    }
  }

  async #wait(customerId: string, signal: AbortSignal): Promise<void> {
    if (this.#line.size >= MOST_WAITING) {
      throw new Problem('too_many_analyses', `${MOST_WAITING} analyses are waiting for their turn.`);
    }
    if ([...this.#line].filter((each) => each.customerId === customerId).length >= MOST_WAITING_OF_ONE) {
      const detail = `${MOST_WAITING_OF_ONE} analyses of this customer are waiting for their turn.`;
      throw new Problem('too_many_analyses', detail);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { customerId, admit: resolve };
    const leave = (): void => {
      // Out of the line first: nobody is admitted who has left.
      if (this.#line.delete(waiting)) reject(signal.reason);
    };
    this.#line.add(waiting);
    signal.addEventListener('abort', leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }
}
