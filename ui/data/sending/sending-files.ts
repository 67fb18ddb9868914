import type { UploadProgress } from '../../../client/upload-file-options.ts';
import type { FileOptions } from '../../../src/api/upload-options.ts';
import type { Upload } from '../../../src/api/uploads.ts';
import { problemIn } from '../problem-in.ts';
import { sendFile } from './send-file.ts';
import { SendRate } from './send-rate.ts';
import type { SendingFile } from './sending-file.ts';

/** Files sent at the same time. Browsers open six connections to a server; others are needed for everything else. */
const AT_ONCE = 2;

interface Job {
  readonly customerId: string;
  readonly file: File;
  readonly options: FileOptions;
  readonly stop: AbortController;
}

/** The files that this tab sends. It lives as long as the tab, independent of what is shown. */
class SendingFiles {
  #files: readonly SendingFile[] = [];
  readonly #jobs = new Map<string, Job>();
  readonly #listeners = new Set<() => void>();
  #running = 0;
  #counter = 0;
  /** Called with each upload once the server has its bytes. */
  onSent: (upload: Upload) => void = () => undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly SendingFile[] => this.#files;

  add(customerId: string, files: readonly File[], options: FileOptions = {}): void {
    const added = files.map((file): SendingFile => {
      const key = String(++this.#counter);
      this.#jobs.set(key, { customerId, file, options, stop: new AbortController() });
      const about = { key, customerId, filename: file.name, bytes: file.size, sent: 0, bytesPerSecond: null };
      return { ...about, state: 'waiting', problem: null };
    });
    this.#show([...this.#files, ...added]);
    this.#startNext();
  }

  /** Cancels a file, or dismisses one that was refused. */
  remove(key: string): void {
    this.#jobs.get(key)?.stop.abort();
    this.#jobs.delete(key);
    this.#show(this.#files.filter((each) => each.key !== key));
  }

  /** Takes a file that was refused out of the list. @returns it, to be read in another way */
  takeBack(key: string): { readonly file: File; readonly options: FileOptions } | null {
    const job = this.#jobs.get(key) ?? null;
    this.remove(key);
    return job;
  }

  #startNext(): void {
    while (this.#running < AT_ONCE) {
      const next = this.#files.find(({ state }) => state === 'waiting');
      const job = next && this.#jobs.get(next.key);
      if (!next || !job) return;
      this.#running++;
      this.#update(next.key, { state: 'sending' });
      void this.#run(next.key, job).finally(() => {
        this.#running--;
        this.#startNext();
      });
    }
  }

  async #run(key: string, { customerId, file, options, stop }: Job): Promise<void> {
    const rate = new SendRate();
    const onProgress = ({ sent, interruption }: UploadProgress): void => {
      if (interruption) rate.restart();
      const bytesPerSecond = interruption ? null : rate.measure(sent);
      this.#update(key, { sent, bytesPerSecond, state: interruption ? 'interrupted' : 'sending' });
    };
    try {
      this.onSent(await sendFile(customerId, file, options, onProgress, stop.signal));
      this.remove(key);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.#update(key, { state: 'refused', problem: problemIn(error), bytesPerSecond: null });
    }
  }

  #update(key: string, change: Partial<SendingFile>): void {
    this.#show(this.#files.map((each) => (each.key === key ? { ...each, ...change } : each)));
  }

  #show(files: readonly SendingFile[]): void {
    this.#files = files;
    for (const listener of this.#listeners) listener();
  }
}

export const sendingFiles = new SendingFiles();
