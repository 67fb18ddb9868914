import type { Catalog } from '../../catalog/catalog.ts';
import type { Observe } from '../../events.ts';
import { failpoint } from '../../failpoints.ts';
import type { TableStore } from '../../table-store/table-store.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';
import type { Spool } from '../spool/spool.ts';

const EVERY_MS = 30_000;

export interface HousekeepingDeps {
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly spool: Spool;
  readonly resumable: ResumableUploads;
  readonly observe: Observe;
}

/**
 * What is done beside everything else. It gives space back (rows that no answer counts, bytes of failed uploads kept long
 * enough), and makes files uploads that are whole and that nobody asks for.
 */
export class Housekeeping {
  readonly #deps: HousekeepingDeps;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | null = null;
  #finishing: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(deps: HousekeepingDeps) {
    this.#deps = deps;
  }

  start(): void {
    const everyTime = (): void => {
      this.sweep();
      this.#finishing ??= this.#finishWhole();
    };
    this.#timer = setInterval(everyTime, EVERY_MS);
    everyTime();
  }

  /** Says that there may be something to give back. */
  sweep(): void {
    this.#again = true;
    this.#sweeping ??= this.#sweep()
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'housekeeping', error }))
      .finally(() => {
        this.#sweeping = null;
      });
  }

  /** Waits for what is under way, and begins nothing more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#sweeping;
    await this.#finishing;
  }

  /** Beside the sweeping, as a large file takes its time. */
  async #finishWhole(): Promise<void> {
    const { resumable, observe } = this.#deps;
    await resumable
      .finishWhole()
      .catch((error: Error) => observe({ kind: 'background_failed', task: 'resumable uploads', error }));
    this.#finishing = null;
  }

  async #sweep(): Promise<void> {
    const { catalog, tables, spool, resumable } = this.#deps;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      for (const { customerId, tag } of await catalog.deadTags()) {
        if (this.#stopped) return;
        // Never a drop: the customer's next table may be in the making.
        await tables.purge(customerId, [tag]);
        failpoint('rows_purged');
        await catalog.forgetTags(customerId, [tag]);
      }
      for (const uploadId of await catalog.keptFailures('expired')) {
        await catalog.endRetention(uploadId);
        await spool.remove(uploadId);
      }
      await spool.removeLeft();
      await resumable.expire();
    }
  }
}
