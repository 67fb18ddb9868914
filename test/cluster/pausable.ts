/** Something that happens asynchronously. */
type Call = (...args: never[]) => Promise<unknown>;

/** Pauses what a node does with the outside, as if its process were stopped. */
export class Pausable {
  #resumed: PromiseWithResolvers<void> | null = null;
  #pauseAt: { readonly name: string; readonly reached: () => void } | null = null;

  pause(): void {
    this.#resumed ??= Promise.withResolvers();
  }

  /** Pauses at the next call of this name, before it does anything. @returns once it has come */
  pauseAt(name: string): Promise<void> {
    return new Promise((reached) => {
      this.#pauseAt = { name, reached };
    });
  }

  resume(): void {
    this.#resumed?.resolve();
    this.#resumed = null;
  }

  /** The same object, whose asynchronous methods wait while this is paused. */
  wrap<Target extends object>(target: Target): Target {
    const wrapped = Object.entries(target).map(([name, member]) => [
      name,
      typeof member === 'function' ? (...args: never[]) => this.#call(name, () => (member as Call)(...args)) : member,
    ]);
    return Object.fromEntries(wrapped);
  }

  async #call(name: string, run: () => Promise<unknown>): Promise<unknown> {
    if (this.#pauseAt?.name === name) {
      this.#pauseAt.reached();
      this.#pauseAt = null;
      this.pause();
    }
    while (this.#resumed) await this.#resumed.promise;
    return run();
  }
}
