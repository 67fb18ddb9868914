import { removeEndedReceptions } from './ended-receptions.ts';
import { type RecoveryDeps, takeOver } from './recovery.ts';
import { removeDeadRows } from './remove-dead-rows.ts';
import { removeStrayTables } from './stray-tables.ts';
import { removeUnneededFiles } from './unneeded-files.ts';

const INTERVAL_MS = 30_000;
/** How often files are looked for that nobody needs. The first time is at the start. */
const UNNEEDED_MS = 60 * 60 * 1000;
/** How often one of all nodes looks for tables that nobody knows. */
const STRAY_MS = 24 * 60 * 60 * 1000;

/**
 * Runs in the background all the time. It sweeps: frees the space of rows that are in no answer and of bytes whose retention has
 * ended, and takes over what nodes that died have left. And it finishes resumable files that are whole and that no client asks for.
 */
export class Housekeeping {
  readonly #deps: RecoveryDeps;
  #timer: NodeJS.Timeout | undefined;
  #sweeping: Promise<void> | null = null;
  #finishing: Promise<void> | null = null;
  #isSweepDue = false;
  #unneededDueAt: number;
  #isStopped = false;

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
    // Of a shared catalog nothing was cleaned up before the start, which does not wait for servers that are down.
    this.#unneededDueAt = performance.now() + (deps.catalog.isShared ? 0 : UNNEEDED_MS);
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
    this.#sweeping ??= this.#sweep().finally(() => {
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
    const { catalog, spool, resumable, observe } = this.#deps;
    const isStopped = (): boolean => this.#isStopped;
    const steps = [
      // Where no other process uses the catalog, nothing but rows is left to others.
      () => (catalog.isShared ? takeOver(this.#deps, isStopped) : removeDeadRows(this.#deps, isStopped)),
      () => removeEndedReceptions(this.#deps),
      () => this.#endRetention(),
      async () => void (catalog.isShared && (await catalog.forgetSharedUploads())),
      () => spool.removeLeftovers(),
      () => resumable.expire(),
      () => this.#removeUnneeded(isStopped),
    ];
    while (this.#isSweepDue && !this.#isStopped) {
      this.#isSweepDue = false;
      // One that fails is no reason to leave the others: what is not removed grows.
      for (const step of steps) {
        if (this.#isStopped) return;
        await step().catch((error: Error) => observe({ kind: 'background_failed', task: 'housekeeping', error }));
      }
    }
  }

  async #endRetention(): Promise<void> {
    const { catalog, spool } = this.#deps;
    for (const id of await catalog.keptFailures('expired')) {
      const upload = await catalog.findUpload(id);
      await catalog.endRetention(id);
      await spool.remove({ id, file: upload?.file ?? null });
    }
  }

  async #removeUnneeded(isStopped: () => boolean): Promise<void> {
    if (performance.now() < this.#unneededDueAt) return;
    this.#unneededDueAt = performance.now() + UNNEEDED_MS;
    await removeUnneededFiles(this.#deps);
    const { catalog } = this.#deps;
    // Where no other process uses the catalog, it has known each table before it was created.
    if (catalog.isShared && (await catalog.takeChore('stray tables', STRAY_MS)))
      await removeStrayTables(this.#deps, isStopped);
  }
}
