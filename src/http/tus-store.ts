import type { Readable } from 'node:stream';
import { DataStore, ERRORS, Upload as TusFile } from '@tus/server';
import type { Upload } from '../catalog/upload.ts';
import type { Checksum, ResumableFile, ResumableFiles } from '../ingest/resumable-files.ts';
import type { UploadId } from '../table/ids.ts';

/** What one request may do: with the one file that it was let in for. */
export interface TusRequest {
  readonly files: ResumableFiles;
  readonly resumeMs: number;
  /** Null where the file has become an upload, or is to be made. */
  readonly file: ResumableFile | null;
  /** The upload that the file has become. */
  readonly upload: Upload | null;
  /** What the request's bytes must have. */
  readonly checksum: Checksum | null;
  /** Makes the record of a file that is to be created. */
  readonly begin: (length: number) => ResumableFile;
}

/** Resumable files as `@tus/server` sees them, for one request. */
export class TusStore extends DataStore {
  readonly #request: TusRequest;
  #file: ResumableFile | null;

  constructor(request: TusRequest) {
    super();
    this.#request = request;
    this.#file = request.file;
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
  }

  override async create(upload: TusFile): Promise<TusFile> {
    const file = this.#request.begin(upload.size ?? 0);
    await this.#request.files.create(file);
    this.#file = file;
    upload.creation_date = file.createdAt;
    return upload;
  }

  override async getUpload(id: string): Promise<TusFile> {
    const { files, upload } = this.#request;
    // It may have become whole, or have been removed, while this request waited for another.
    const now = this.#file && (await files.find(this.#file.id));
    if (now) {
      const { length: size, metadata, createdAt } = now;
      return new TusFile({ id, size, offset: await files.received(now.id), metadata, creation_date: createdAt });
    }
    if (!upload?.file) throw ERRORS.FILE_NOT_FOUND;
    return new TusFile({ id, size: upload.file.bytes, offset: upload.file.bytes });
  }

  override async write(bytes: Readable, id: string, offset: number): Promise<number> {
    // Of a file that is whole nothing is left to come.
    if (!this.#file) return offset;
    return this.#request.files.append(id as UploadId, offset, bytes, this.#request.checksum);
  }

  override async remove(id: string): Promise<void> {
    await this.#request.files.remove(id as UploadId);
  }

  override getExpiration(): number {
    return this.#request.resumeMs;
  }
}
