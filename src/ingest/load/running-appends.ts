/** Appends of one load that run at the same time. */
export class RunningAppends {
  readonly #most: number;
  readonly #onProgress: (rows: number) => void;
  readonly #running = new Set<Promise<void>>();
  readonly #failed = new AbortController();
  /** Of each append: how many rows it has appended, as far as is known. */
  readonly #rows: number[] = [];

  /** @param onProgress is called with the number of rows so far */
  constructor(most: number, onProgress: (rows: number) => void) {
    this.#most = most;
    this.#onProgress = onProgress;
  }

  /** Aborts with the first failure. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** Waits until another append may be started. @throws the first failure */
  async mayStart(): Promise<void> {
    while (this.#running.size >= this.#most) await Promise.race(this.#running);
    this.failed.throwIfAborted();
  }

  /** @param append returns the number of rows */
  start(records: number, append: (onProgress: (share: number) => void) => Promise<number>): void {
    const index = this.#rows.push(0) - 1;
    const note = (rows: number): void => {
      this.#rows[index] = rows;
      this.#onProgress(this.#sum);
    };
    const running = append((share) => note(share * records))
      .then(note)
      .catch((failure: unknown) => this.#failed.abort(failure))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  /** Waits for all appends. @returns the number of rows. @throws the first failure */
  async all(): Promise<number> {
    await this.ended();
    this.failed.throwIfAborted();
    return this.#sum;
  }

  /** Waits until none runs any more. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  get #sum(): number {
    return this.#rows.reduce((sum, rows) => sum + rows, 0);
  }
}
