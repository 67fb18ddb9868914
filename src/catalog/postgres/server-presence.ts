import { setTimeout as wait } from 'node:timers/promises';

const PAUSE_MS = 250;

/** Whether the server answers, as far as calls have found out. Once it does not, it is asked again and again until it does. */
export class ServerPresence {
  readonly #probe: () => Promise<unknown>;
  /** Resolves when the server is back; null while nobody has missed it. */
  #return: Promise<void> | null = null;
  #isClosed = false;

  /** @param probe connects to the server */
  constructor(probe: () => Promise<unknown>) {
    this.#probe = probe;
  }

  /** A call has waited for the server in vain. */
  miss(): void {
    this.#return ??= this.#ask();
  }

  /** @returns false if the server is away, and is not back after so long */
  async isThere(waitMs: number): Promise<boolean> {
    const returned = this.#return;
    if (returned === null) return true;
    const waited = new AbortController();
    const late = wait(waitMs, false, { signal: waited.signal }).catch(() => false);
    const isBack = await Promise.race([returned.then(() => true), late]);
    waited.abort();
    return isBack;
  }

  close(): void {
    this.#isClosed = true;
  }

  async #ask(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#probe();
        break;
      } catch {
        await wait(PAUSE_MS, null, { ref: false });
      }
    }
    this.#return = null;
  }
}
