import type { FileOptions } from '../../../src/api/upload-options.ts';
import { client } from '../client.ts';
import { problemIn } from '../problem-in.ts';
import { sendingFiles } from '../sending/sending-files.ts';
import { unfinishedOf } from '../sending/unfinished-files.ts';
import { endsSession, untilSession } from '../session-end.ts';
import { type ChosenFile, type Decisions, isReady } from './chosen-file.ts';

/** Files whose start is read at the same time. */
const AT_ONCE = 2;

/** The files that the user has chosen in this tab, until they are uploaded or removed. It lives as long as the tab. */
class ChosenFiles {
  #files: readonly ChosenFile[] = [];
  readonly #listeners = new Set<() => void>();
  /** By key: ends the reading of its start. */
  readonly #running = new Map<string, AbortController>();
  #counter = 0;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly ChosenFile[] => this.#files;

  /** Shows files to the server and the user before they are uploaded. One whose upload was interrupted is continued at once. */
  add(customerId: string, files: readonly File[], options: FileOptions = {}): void {
    const interrupted = files.filter((file) => unfinishedOf(customerId, file) !== null);
    sendingFiles.add(customerId, interrupted);
    const added = files
      .filter((file) => !interrupted.includes(file))
      .map((file): ChosenFile => {
        const key = String(++this.#counter);
        return { key, customerId, file, options, reading: true, preview: null, problem: null };
      });
    this.#show([...this.#files, ...added]);
    this.#readNext();
  }

  /** Decides something about how a file is read, and reads its start again. */
  decide(key: string, decisions: Decisions): void {
    const chosen = this.#files.find((each) => each.key === key);
    if (!chosen) return;
    const decided = Object.entries({ ...chosen.options, ...decisions }).filter(([, value]) => value !== undefined);
    this.#running.get(key)?.abort();
    this.#running.delete(key);
    this.#update(key, { options: Object.fromEntries(decided), reading: true });
    this.#readNext();
  }

  /** Reads the start of a file again, after the server could not be reached. */
  readAgain(key: string): void {
    this.decide(key, {});
  }

  /** Reads the starts of all files of a customer again, since its table has other columns now. */
  readAllAgain(customerId: string): void {
    for (const chosen of this.#files) if (chosen.customerId === customerId) this.readAgain(chosen.key);
  }

  /** Uploads a file as it was previewed. */
  upload(key: string): void {
    const chosen = this.#files.find((each) => each.key === key);
    if (!chosen) return;
    this.remove(key);
    sendingFiles.add(chosen.customerId, [chosen.file], chosen.options);
  }

  /** Uploads the files that nothing stands in the way of; the others stay. */
  uploadAll(customerId: string): void {
    for (const chosen of this.#files) if (chosen.customerId === customerId && isReady(chosen)) this.upload(chosen.key);
  }

  remove(key: string): void {
    this.#running.get(key)?.abort();
    this.#running.delete(key);
    this.#show(this.#files.filter((each) => each.key !== key));
    this.#readNext();
  }

  #readNext(): void {
    for (const chosen of this.#files) {
      if (this.#running.size >= AT_ONCE) return;
      if (!chosen.reading || this.#running.has(chosen.key)) continue;
      const stop = new AbortController();
      this.#running.set(chosen.key, stop);
      void this.#read(chosen, stop.signal).finally(() => {
        if (this.#running.get(chosen.key) === stop) this.#running.delete(chosen.key);
        this.#readNext();
      });
    }
  }

  async #read({ key, customerId, file, options }: ChosenFile, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        const preview = await client.preview(customerId, file, { options, signal });
        if (!signal.aborted) this.#update(key, { reading: false, preview, problem: null });
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (!endsSession(error)) {
          this.#update(key, { reading: false, preview: null, problem: problemIn(error) });
          return;
        }
        await untilSession(signal);
      }
    }
  }

  #update(key: string, change: Partial<ChosenFile>): void {
    this.#show(this.#files.map((each) => (each.key === key ? { ...each, ...change } : each)));
  }

  #show(files: readonly ChosenFile[]): void {
    this.#files = files;
    for (const listener of this.#listeners) listener();
  }
}

export const chosenFiles = new ChosenFiles();
