/** How long calls wait for a server that is away. */
export class Patience {
  readonly #waitMs: number;
  #endsAt = Number.POSITIVE_INFINITY;

  constructor(waitMs: number) {
    this.#waitMs = waitMs;
  }

  /** @param since when a call began, in `performance.now()`. @returns whether it has waited for long enough */
  isOver(since: number): boolean {
    return performance.now() >= Math.min(since + this.#waitMs, this.#endsAt);
  }

  /** From then on no call waits, whenever it began. */
  endIn(ms: number): void {
    this.#endsAt = Math.min(this.#endsAt, performance.now() + ms);
  }
}
