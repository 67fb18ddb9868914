import type { ApiKeys } from './api-key.ts';
import type { CatalogCopies } from './catalog-copies.ts';
import type { CatalogNews } from './catalog-news.ts';
import type { Chores } from './chores.ts';
import type { Customers } from './customer.ts';
import type { Nodes } from './node.ts';
import type { ResumableFiles } from './resumable-file.ts';
import type { Sessions } from './session.ts';
import type { Shards } from './shards.ts';
import type { SharedAnalyses } from './shared-analyses.ts';
import type { SharedUploads } from './shared-uploads.ts';
import type { TableStates } from './table-state.ts';
import type { Uploads } from './upload.ts';
import type { UploadQueue } from './upload-queue.ts';
import type { Webhooks } from './webhook.ts';

/**
 * Customers, their keys, sessions, tables, uploads, resumable files and webhooks. Every write is atomic, and durable (fsync) when its promise resolves.
 */
export interface Catalog
  extends Customers,
    ApiKeys,
    Sessions,
    Uploads,
    UploadQueue,
    ResumableFiles,
    TableStates,
    Nodes,
    Shards,
    Chores,
    Webhooks,
    SharedUploads,
    SharedAnalyses {
  /**
   * Whether other processes use the catalog, too. If so, everything that a client may ask of any of them has to be in the catalog, and
   * nothing that was read from it may be kept without asking whether it is still the latest.
   */
  readonly isShared: boolean;
  readonly news: CatalogNews;
  /** For a move of all data; never while it is used otherwise. */
  readonly copies: CatalogCopies;
  /** The time of leases, expiries and timestamps, by the clock of the database: milliseconds since 1970-01-01T00:00:00Z. */
  now(): Promise<number>;
  /** Resolves if the catalog can be read. */
  ping(): Promise<void>;
  /** The process ends: from now on, no call waits long for a database that is away. */
  stopWaiting(): void;
  close(): Promise<void>;
}
