import type { Catalog } from '../../catalog/catalog.ts';
import type { SavedProgress } from '../../catalog/shared-uploads.ts';
import type { Observe } from '../../events.ts';
import type { UploadId } from '../../model/ids.ts';
import type { Counts } from './progress-board.ts';

/** How often progress is saved. An upload that takes less time is never saved. */
const SAVE_MS = 1_000;

export interface ProgressSaverDeps {
  readonly catalog: Pick<Catalog, 'saveProgress' | 'news'>;
  readonly observe: Observe;
}

/** Saves the progress of the uploads of this process in a catalog that others read, all of them in one statement. */
export class ProgressSaver {
  readonly #deps: ProgressSaverDeps;
  readonly #unsaved = new Map<UploadId, SavedProgress>();
  #timer: NodeJS.Timeout | null = null;

  constructor(deps: ProgressSaverDeps) {
    this.#deps = deps;
  }

  changed(uploadId: UploadId, counts: Counts): void {
    this.#unsaved.set(uploadId, { uploadId, ...counts });
    this.#timer ??= setTimeout(() => void this.#save(), SAVE_MS);
  }

  /** The upload has ended: nobody reads its progress any more. */
  ended(uploadId: UploadId): void {
    this.#unsaved.delete(uploadId);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#unsaved.clear();
  }

  async #save(): Promise<void> {
    const { catalog, observe } = this.#deps;
    const progress = [...this.#unsaved.values()];
    this.#unsaved.clear();
    try {
      await catalog.saveProgress(progress);
      for (const { uploadId } of progress) {
        catalog.news.publish({ kind: 'upload_changed', uploadId, customerId: null });
      }
    } catch (error) {
      observe({ kind: 'background_failed', task: 'progress', error: error as Error });
    } finally {
      // Not earlier: two at a time could be written in the wrong order.
      this.#timer = this.#unsaved.size > 0 ? setTimeout(() => void this.#save(), SAVE_MS) : null;
    }
  }
}
