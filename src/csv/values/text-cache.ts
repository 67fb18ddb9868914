const SLOTS = 4096;
/** Longer texts are not kept. */
const MOST_BYTES = 32;

/** What was found out about texts that were seen lately, by their bytes. Bounded: a text takes the place of another one with the same hash. */
export class TextCache<Found> {
  readonly #lengths = new Uint8Array(SLOTS);
  readonly #texts = Buffer.alloc(SLOTS * MOST_BYTES);
  readonly #found: (Found | undefined)[] = new Array(SLOTS).fill(undefined);
  #slot = 0;

  /** @returns undefined if nothing is known */
  get(bytes: Buffer, from: number, to: number): Found | undefined {
    const length = to - from;
    if (length > MOST_BYTES) return undefined;
    let hash = length;
    for (let at = from; at < to; at++) hash = Math.imul(hash, 31) + (bytes[at] as number);
    this.#slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    if (this.#lengths[this.#slot] !== length) return undefined;
    const start = this.#slot * MOST_BYTES;
    for (let index = 0; index < length; index++) {
      if (this.#texts[start + index] !== bytes[from + index]) return undefined;
    }
    return this.#found[this.#slot];
  }

  /** Notes what was found out about the text that `get` was called with last. */
  set(bytes: Buffer, from: number, to: number, found: Found): void {
    if (to - from > MOST_BYTES) return;
    this.#lengths[this.#slot] = to - from;
    const start = this.#slot * MOST_BYTES;
    for (let at = from; at < to; at++) this.#texts[start + at - from] = bytes[at] as number;
    this.#found[this.#slot] = found;
  }
}
