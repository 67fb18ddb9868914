import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload as TusFile } from '@tus/server';
import type { Upload } from '../../catalog/upload.ts';
import type { Checksum } from '../../ingest/resumable/append-chunk.ts';
import type { ResumableFile } from '../../ingest/resumable/resumable-files.ts';
import type { ResumableUploads } from '../../ingest/resumable/resumable-uploads.ts';
import type { UploadId } from '../../model/ids.ts';

/** What one request may do: with the one file that it was let in for. */
export interface TusRequest {
  readonly id: UploadId;
  readonly resumable: ResumableUploads;
  readonly findUpload: (id: UploadId) => Promise<Upload | null>;
  /** The file to be created, where that is what was asked for. */
  readonly begins: ResumableFile | null;
  /** What the request's bytes must have. */
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

  /** As it is now: it may have become whole, or have been removed, while the request waited for another. */
  override async getUpload(): Promise<TusFile> {
    const { id, resumable, findUpload } = this.#request;
    const file = await resumable.find(id);
    if (file) {
      const { length: size, received: offset, metadata, changedAt } = file;
      // What is called creation is where the library counts the time from after which a file expires.
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
    // It was there a moment ago. The library waits for its bytes until they are read, or this fails.
    if (!(await findUpload(id))) throw ERRORS.FILE_NOT_FOUND;
    // Of a file that is whole nothing is left to come.
    source.resume();
    return offset;
  }

  override async remove(): Promise<void> {
    await this.#request.resumable.cancel(this.#request.id);
  }

  override getExpiration(): number {
    return this.#request.resumable.resumeMs;
  }
}
