import { Problem } from '../../errors.ts';
import type { CustomerId } from '../../model/ids.ts';

/** Longest line: who comes when it is full is sent away at once. */
const MAX_WAITING = 5_000;

/** Whose file it is; null where nobody knows yet: those share what one customer may have. */
type Whose = CustomerId | null;

/** One that waits for a place. */
interface Waiting {
  give(): void;
}

/**
 * ReceiveSlots for files that are being received. Each takes memory, so there are so many and no more; who comes when none is to
 * be had waits in line, its bytes unread, and is sent away where that takes too long.
 *
 * A customer gets another place only while it holds fewer than are free (dynamic thresholds: Choudhury and Hahne, 1998). One
 * alone gets half of them, two a third each: whoever comes next finds one, however slowly the others send. The same holds
 * for the line, in which customers are served in turn.
 */
export class ReceiveSlots {
  readonly #waitMs: number;
  #free: number;
  readonly #held = new Map<Whose, number>();
  /** Customers in the order in which they are served, each with its files in the order in which they came. */
  readonly #line = new Map<Whose, Set<Waiting>>();
  #waiting = 0;

  constructor(receiveSlots: number, waitMs: number) {
    this.#free = receiveSlots;
    this.#waitMs = waitMs;
  }

  /** @returns what gives the place back, once however often it is called. @throws Problem server_busy */
  async take(whose: Whose): Promise<() => void> {
    if (this.#mayHave(whose)) this.#hold(whose);
    else await this.#wait(whose);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      this.#giveBack(whose);
    };
  }

  #mayHave(whose: Whose): boolean {
    return (this.#held.get(whose) ?? 0) < this.#free;
  }

  #hold(whose: Whose): void {
    this.#free--;
    this.#held.set(whose, (this.#held.get(whose) ?? 0) + 1);
  }

  #giveBack(whose: Whose): void {
    const left = (this.#held.get(whose) ?? 0) - 1;
    if (left > 0) this.#held.set(whose, left);
    else this.#held.delete(whose);
    this.#free++;
    while (this.#serveNext());
  }

  /** @returns false where nobody in line may have a place */
  #serveNext(): boolean {
    for (const [whose, files] of this.#line) {
      const [next] = files;
      if (!next || !this.#mayHave(whose)) continue;
      this.#hold(whose);
      this.#leaveLine(whose, next);
      // To the end of the line: the others come first now.
      if (this.#line.delete(whose)) this.#line.set(whose, files);
      next.give();
      return true;
    }
    return false;
  }

  async #wait(whose: Whose): Promise<void> {
    const files = this.#line.get(whose) ?? new Set();
    if (files.size >= MAX_WAITING - this.#waiting) throw busy();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { give: resolve };
    this.#line.set(whose, files.add(waiting));
    this.#waiting++;
    const timer = setTimeout(() => {
      // Out of the line first: no place is given to one that has left.
      this.#leaveLine(whose, waiting);
      reject(busy());
    }, this.#waitMs);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  #leaveLine(whose: Whose, waiting: Waiting): void {
    const files = this.#line.get(whose);
    if (!files?.delete(waiting)) return;
    this.#waiting--;
    if (files.size === 0) this.#line.delete(whose);
  }
}

function busy(): Problem {
  return new Problem('server_busy', 'More files are being received than Thena takes at once.');
}
