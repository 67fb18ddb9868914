import type { Catalog } from '../../catalog/catalog.ts';
import type { CatalogNewsItem } from '../../catalog/catalog-news.ts';
import type { WatchedUpload } from '../../catalog/shared-uploads.ts';
import type { Observe } from '../../events.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import type { Loader } from '../load/loader.ts';
import type { ProgressBoard } from '../progress/progress-board.ts';
import type { ProgressSaver } from '../progress/progress-saver.ts';
import type { Receptions } from '../receive/receptions.ts';
import type { ResumableUploads } from '../resumable/resumable-uploads.ts';
import type { UploadWatches } from './upload-watches.ts';

export interface CatalogWatchDeps {
  readonly catalog: Pick<Catalog, 'isShared' | 'news' | 'watchedUploads'>;
  readonly receptions: Pick<Receptions, 'ids' | 'cancel'>;
  readonly loader: Pick<Loader, 'ids' | 'cancel' | 'wakeSoon'>;
  readonly resumable: Pick<ResumableUploads, 'incoming' | 'interrupt'>;
  readonly progress: ProgressBoard;
  readonly saver: ProgressSaver;
  readonly watches: UploadWatches;
  readonly observe: Observe;
  /** How often the catalog is looked at, if others use it. Default: 2 s */
  readonly lookMs?: number;
}

const LOOK_MS = 2_000;
/** Before the first look, nothing has ended. */
const NEVER = new Date(8.64e15);
/** A transaction may become visible this long after the time that it has noted. */
const LATE_MS = 10_000;

/**
 * Passes on what happens to uploads, here and in other processes: requests to cancel to what receives and loads here, queued uploads to the loader, ends to those who
 * wait for them, changes to those who follow a customer. News makes it quick. If others use the catalog, it is looked at as well, all
 * uploads that matter in one query, since news may be lost.
 */
export class CatalogWatch {
  readonly #deps: CatalogWatchDeps;
  /** The uploads as of the last look. */
  #seen: ReadonlyMap<UploadId, WatchedUpload> = new Map();
  #customersSeen: ReadonlySet<CustomerId> = new Set();
  /** The uploads of which there was news since then. */
  #heard = new Set<UploadId>();
  #endedSince = NEVER;
  #looking: Promise<void> | null = null;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => undefined;

  constructor(deps: CatalogWatchDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { catalog, lookMs = LOOK_MS } = this.#deps;
    this.#unsubscribe = catalog.news.subscribe((news) => this.#hear(news));
    if (catalog.isShared) this.#timer = setInterval(() => this.#lookNow(), lookMs);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    clearInterval(this.#timer);
    await this.#looking;
  }

  #hear(news: CatalogNewsItem): void {
    const { loader, progress, saver, watches } = this.#deps;
    switch (news.kind) {
      case 'missed':
        this.#lookNow();
        break;
      case 'cancel_requested':
        this.#cancel(news.uploadId);
        break;
      case 'upload_ended':
        saver.ended(news.uploadId);
        // What loads it here wakes those who wait once it has removed the bytes.
        if (!loader.ids.includes(news.uploadId)) progress.ended(news.uploadId);
        watches.ended(news.uploadId);
        this.#changed(news.uploadId, news.customerId);
        break;
      case 'upload_queued':
        if (this.#deps.catalog.isShared) loader.wakeSoon();
        this.#changed(news.uploadId, news.customerId);
        break;
      case 'upload_changed':
        this.#changed(news.uploadId, news.customerId);
    }
  }

  #changed(id: UploadId, customerId: CustomerId | null): void {
    const { catalog, watches } = this.#deps;
    watches.changed(id, customerId);
    if (catalog.isShared) this.#heard.add(id);
  }

  /** Ends what this process has of an upload. What it does not have needs no end. */
  #cancel(id: UploadId): void {
    const { receptions, loader, resumable, observe } = this.#deps;
    resumable.interrupt(id);
    receptions
      .cancel(id)
      .then(() => loader.cancel(id))
      .catch((error: Error) => observe({ kind: 'background_failed', task: 'cancel', error }));
  }

  #lookNow(): void {
    this.#looking ??= this.#look()
      .catch((error: Error) => this.#deps.observe({ kind: 'background_failed', task: 'events', error }))
      .finally(() => {
        this.#looking = null;
      });
  }

  async #look(): Promise<void> {
    const { catalog, receptions, loader, resumable, progress, watches } = this.#deps;
    const incoming = resumable.incoming;
    const held = new Set([...receptions.ids, ...loader.ids]);
    const awaited = progress.awaited;
    const customers = watches.customerIds;
    const followed = watches.uploadIds;
    const heard = this.#heard;
    this.#heard = new Set();
    const watched = {
      uploadIds: [...new Set([...held, ...incoming, ...awaited, ...followed])],
      customerIds: [...customers],
    };
    const isIdle = watched.uploadIds.length === 0 && customers.size === 0;
    const { at, uploads } = isIdle
      ? { at: null, uploads: [] }
      : await catalog.watchedUploads({ ...watched, endedSince: this.#endedSince }).catch((error: Error) => {
          // The next look still has to miss those that are gone by then.
          this.#heard = this.#heard.union(heard);
          throw error;
        });
    const now = new Map(uploads.map((upload) => [upload.id, upload]));
    for (const upload of uploads) if (upload.isCancelRequested && held.has(upload.id)) this.#cancel(upload.id);
    // A file that another process has removed is received for nothing.
    for (const id of incoming) if (!now.has(id)) resumable.interrupt(id);
    // One that is not found has ended before.
    for (const id of awaited) if (now.get(id)?.hasEnded ?? true) progress.wake(id);
    for (const { id, customerId } of [...this.#seen.values(), ...uploads]) {
      // What has ended before a customer was followed is no news.
      const isFollowed = (customers.has(customerId) && this.#customersSeen.has(customerId)) || followed.has(id);
      if (isFollowed && this.#seen.get(id)?.state !== now.get(id)?.state) watches.changed(id, customerId);
    }
    // Of an upload that came and went since the last look, the end may have been missed; so it may by those who came since.
    for (const id of heard) if (!now.has(id)) watches.changed(id, null);
    watches.recheckNew();
    this.#seen = now;
    this.#customersSeen = customers;
    this.#endedSince = at ? new Date(at.getTime() - LATE_MS) : NEVER;
  }
}
