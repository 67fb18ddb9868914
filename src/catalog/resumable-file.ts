import type { CustomerAccess } from '../model/customer-access.ts';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { GivenOptions } from './upload-options.ts';

/** A file that arrives in several requests. Its upload will have the same id. */
export interface ResumableFile extends Omit<CustomerAccess, symbol> {
  readonly id: UploadId;
  /** The size of the whole file in bytes, as the client has announced it. */
  readonly length: number;
  readonly filename: string | null;
  readonly options: GivenOptions;
  readonly corrects: UploadId | null;
  /** The client's metadata, which the protocol returns to it unchanged. */
  readonly metadata: Readonly<Record<string, string | null>>;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** A file with how much of it has arrived. */
export interface PartialFile extends ResumableFile {
  /** In bytes. All of them are durable. */
  readonly received: number;
  /** When the last of them arrived, or the file was created. */
  readonly changedAt: Date;
  /** How long ago that was, by the clock of the catalog. */
  readonly idleMs: number;
}

/** Consecutive bytes of a file, kept in the spool. */
export interface FileChunk {
  readonly name: string;
  readonly bytes: number;
}

/** The resumable files that are no uploads yet. Several processes may append to one: what counts is what the catalog has. */
export interface ResumableFiles {
  /** @throws Problem too_many_uploads if the customer has so many already */
  createResumable(file: ResumableFile, maxOfCustomer: number): Promise<void>;
  findResumable(id: UploadId): Promise<PartialFile | null>;
  /** Oldest first. */
  resumablesOf(customerId: CustomerId): Promise<readonly UploadId[]>;
  /** Files of which every byte has arrived, or that have received nothing for so long. */
  resumables(which: 'whole' | { readonly idleForMs: number }): Promise<readonly UploadId[]>;
  /**
   * Appends chunks that are durable. Of several calls with the same offset, one succeeds.
   *
   * @returns false if the file does not end at this offset, or no longer exists: then the chunks do not count
   */
  appendChunks(id: UploadId, offset: number, chunks: readonly FileChunk[]): Promise<boolean>;
  /** In the order of the file. */
  chunksOf(id: UploadId): Promise<readonly FileChunk[]>;
  /**
   * Reserves a whole file for the process that makes it an upload, or renews that.
   *
   * @returns false if another process has reserved it, or it no longer exists
   */
  claimResumable(claim: { readonly id: UploadId; readonly owner: string; readonly leaseMs: number }): Promise<boolean>;
  /** Ends the reservation of the process. */
  releaseResumable(id: UploadId, owner: string): Promise<void>;
  /** @returns whether it existed */
  removeResumable(id: UploadId): Promise<boolean>;
}
