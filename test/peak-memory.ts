import { residentBytes } from '../src/resident-memory.ts';

/** Watches the resident memory of processes, which may be replaced by others. */
export class PeakMemory {
  readonly #timer: NodeJS.Timeout;
  #peak = 0;

  /** @param pid returns the process to watch */
  constructor(pid: () => number) {
    this.#timer = setInterval(() => {
      this.#peak = Math.max(this.#peak, residentBytes(pid()) ?? 0);
    }, 5);
  }

  /** Stops watching. @returns bytes */
  stop(): number {
    clearInterval(this.#timer);
    return this.#peak;
  }
}
