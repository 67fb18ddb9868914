import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload as TusFile } from '@tus/server';
import type { ResumableFile } from '../../catalog/resumable-file.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Checksum } from '../../ingest/resumable/append-chunk.ts';
import type { ResumableUploads } from '../../ingest/resumable/resumable-uploads.ts';
import type { UploadId } from '../../model/ids.ts';

/** The one file that a request may access. */
export interface TusRequest {
  readonly id: UploadId;
  readonly resumable: ResumableUploads;
  readonly findUpload: (id: UploadId) => Promise<Upload | null>;
  /** Removes the file, also if another process is making it an upload at this moment. */
  readonly cancel: () => Promise<unknown>;
  /** The file to create; null if the request is for an existing file. */
  readonly begins: ResumableFile | null;
  /** The checksum of the bytes in the request. */
  readonly checksum: Checksum | null;
}

/** A resumable file as `@tus/server` sees it, for one request. */
export class TusStore extends DataStore {
  readonly #request: TusRequest;

  constructor(request: TusRequest) {
    super();
    this.#request = request;
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
  }

  override async create(upload: TusFile): Promise<TusFile> {
    const { begins, resumable } = this.#request;
    if (!begins) throw ERRORS.FILE_NOT_FOUND;
    await resumable.begin(begins);
    upload.creation_date = begins.createdAt;
    return upload;
  }

  /** Reads the current state: while the request waited for the lock, the file may have become complete or been removed. */
  override async getUpload(): Promise<TusFile> {
    const { id, resumable, findUpload } = this.#request;
    const file = await resumable.find(id);
    if (file) {
      const { length: size, received: offset, metadata, changedAt } = file;
      // The library computes the expiry from the creation date. Here it counts from the last change.
      return new TusFile({ id, size, offset, metadata, creation_date: changedAt.toISOString() });
    }
    const bytes = (await findUpload(id))?.file?.bytes;
    if (bytes === undefined) throw ERRORS.FILE_NOT_FOUND;
    return new TusFile({ id, size: bytes, offset: bytes });
  }

  override async write(source: Readable, _id: string, offset: number): Promise<number> {
    const { id, resumable, findUpload, checksum } = this.#request;
    const file = await resumable.find(id);
    if (file) return resumable.append(file, offset, source, checksum);
    // Removed a moment ago. The library waits until the body has been read or this fails.
    if (!(await findUpload(id))) throw ERRORS.FILE_NOT_FOUND;
    // A complete file has no bytes left to receive.
    source.resume();
    return offset;
  }

  override async remove(): Promise<void> {
    await this.#request.cancel();
  }

  override getExpiration(): number {
    return this.#request.resumable.resumeMs;
  }
}
