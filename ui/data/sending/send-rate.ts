/** How much the past counts: the rate of a second ago has half the weight of the current one. */
const HALF_LIFE_MS = 1_500;

/** Measures the rate at which bytes are sent, smoothed over the last seconds. */
export class SendRate {
  #at: number | null = null;
  #sent = 0;
  #bytesPerSecond: number | null = null;

  /** @returns bytes per second; null until it is known */
  measure(sent: number, now = performance.now()): number | null {
    const seconds = this.#at === null ? 0 : (now - this.#at) / 1000;
    if (this.#at !== null && seconds < 0.1) return this.#bytesPerSecond;
    if (this.#at !== null) {
      const current = Math.max(0, sent - this.#sent) / seconds;
      const keep = 0.5 ** ((seconds * 1000) / HALF_LIFE_MS);
      this.#bytesPerSecond =
        this.#bytesPerSecond === null ? current : keep * this.#bytesPerSecond + (1 - keep) * current;
    }
    this.#at = now;
    this.#sent = sent;
    return this.#bytesPerSecond;
  }

  /** After an interruption, which says nothing about the rate. */
  restart(): void {
    this.#at = null;
    this.#bytesPerSecond = null;
  }
}
