import type { Observe } from '../../events.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';

/** Holds loads back while the disk is nearly full: a load that fills the disk has to start over. */
export class DiskHold {
  readonly #reserve: DiskReserve;
  readonly #observe: Observe;
  readonly #pauseMs: number;
  /** No load starts earlier, by the clock of `performance.now`. */
  #pausedUntil = 0;
  /** Why loads are held back: the reserve is not whole, or a load filled the disk and none has completed since. */
  #cause: 'reserve' | 'load' | null = null;

  /** @param pauseMs how long no load starts after one has filled the disk */
  constructor(reserve: DiskReserve, observe: Observe, pauseMs: number) {
    this.#reserve = reserve;
    this.#observe = observe;
    this.#pauseMs = pauseMs;
  }

  /** @returns whether a load may start now */
  async allowsLoad(): Promise<boolean> {
    if (performance.now() < this.#pausedUntil) return false;
    const hasRoom = await this.#reserve.hasRoomFor(0);
    if (!hasRoom) this.#hold('reserve');
    else if (this.#cause === 'reserve') this.#resume();
    return hasRoom;
  }

  /** Without the pause, the same load would fill the disk again and again. */
  loadFilledDisk(): void {
    this.pause();
    this.#hold('load');
  }

  /** Starts no load for a while: the same failure would follow at once. */
  pause(): void {
    this.#pausedUntil = performance.now() + this.#pauseMs;
  }

  loadCompleted(): void {
    this.#resume();
  }

  /** Observed once, however often a load is held back. */
  #hold(cause: 'reserve' | 'load'): void {
    if (this.#cause === null) this.#observe({ kind: 'loads_held' });
    this.#cause = cause;
  }

  #resume(): void {
    if (this.#cause !== null) this.#observe({ kind: 'loads_resumed' });
    this.#cause = null;
  }
}
