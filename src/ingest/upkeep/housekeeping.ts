import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';
import type { Spool } from '../spool/spool.ts';
import { type DeadRowsDeps, removeDeadRows } from './remove-dead-rows.ts';

const INTERVAL_MS = 30_000;

export interface HousekeepingDeps extends DeadRowsDeps {
  readonly catalog: DeadRowsDeps['catalog'] &
    Pick<Catalog, 'keptFailures' | 'endRetention' | 'isShared' | 'forgetSharedUploads'>;
  readonly spool: Spool;
  readonly resumable: ResumableUploads;
  readonly observe: Observe;
}

/**
 * Runs in the background all the time. It sweeps: frees the space of rows that are in no answer and of bytes whose retention has
 * ended. And it finishes resumable files that are whole and that no client asks for.
 */
export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | null = null;
  #finishing: Promise<void> | null = null;
  #isSweepDue = false;
  #isStopped = false;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
  }

  start(): void {
    const run = (): void => {
      this.sweep();
      this.#finishing ??= this.#finishWhole();
    };
    this.#timer = setInterval(run, INTERVAL_MS);
    run();
  }

  /** Sweeps now, or once more if a sweep is running. */
  sweep(): void {
    this.#isSweepDue = true;
    this.#sweeping ??= this.#sweep()
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'housekeeping', error }))
      .finally(() => {
        this.#sweeping = null;
      });
  }

  /** Starts nothing more and waits for what is running. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#timer);
    await this.#sweeping;
    await this.#finishing;
  }

  /** In parallel with the sweeps, since a large file takes long. */
  async #finishWhole(): Promise<void> {
    const { resumable, observe } = this.#deps;
    await resumable
      .finishWhole()
      .catch((error: Error) => observe({ kind: 'background_failed', task: 'resumable uploads', error }));
    this.#finishing = null;
  }

  async #sweep(): Promise<void> {
    const { catalog, spool, resumable } = this.#deps;
    while (this.#isSweepDue && !this.#isStopped) {
      this.#isSweepDue = false;
      await removeDeadRows(this.#deps, () => this.#isStopped);
      for (const uploadId of await catalog.keptFailures('expired')) {
        await catalog.endRetention(uploadId);
        await spool.remove(uploadId);
      }
      if (catalog.isShared) await catalog.forgetSharedUploads();
      await spool.removeLeftovers();
      await resumable.expire();
    }
  }
}
