import type { Catalog } from '../catalog/catalog.ts';
import type { Upload } from '../catalog/upload.ts';
import { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Grant } from '../table/grant.ts';
import type { CustomerId, UploadId } from '../table/ids.ts';
import type { IncomingFile, Reception } from './reception.ts';
import type { ResumableFile, ResumableFiles } from './resumable-files.ts';
import { receiveAll } from './retry.ts';

export interface ResumableUploadsPorts {
  readonly catalog: Pick<Catalog, 'findUpload'>;
  readonly files: ResumableFiles;
  readonly observe: Observe;
  /** How long after it was begun a file may become whole. */
  readonly resumeMs: number;
  readonly receive: (file: IncomingFile) => Reception;
}

/** Files that come in several requests, from the first to the upload that they become, once. */
export class ResumableUploads {
  readonly #ports: ResumableUploadsPorts;
  readonly #finishing = new Map<UploadId, Promise<Upload>>();

  constructor(ports: ResumableUploadsPorts) {
    this.#ports = ports;
  }

  get files(): ResumableFiles {
    return this.#ports.files;
  }

  get resumeMs(): number {
    return this.#ports.resumeMs;
  }

  /**
   * Makes a whole file an upload, like one that came at once. Asked again, also after a crash, it gives the same upload.
   *
   * @throws Problem whatever a file can be refused with; it is then forgotten, unless it may be taken later
   */
  finish(grant: Grant, file: ResumableFile): Promise<Upload> {
    const underWay = this.#finishing.get(file.id);
    if (underWay) return underWay;
    const finishing = this.#finish(grant, file).finally(() => this.#finishing.delete(file.id));
    this.#finishing.set(file.id, finishing);
    return finishing;
  }

  async #finish(grant: Grant, file: ResumableFile): Promise<Upload> {
    const { catalog, files, receive } = this.#ports;
    const { id, filename, options, mends, length } = file;
    // The upload has the file's id, so that it is in the catalog once.
    const earlier = await catalog.findUpload(id);
    if (earlier) {
      await files.remove(id);
      return earlier;
    }
    const whole = { uploadId: id, filename, options, mends, contentEncoding: null, expectedBytes: length };
    try {
      const upload = await receiveAll(
        receive({ ...whole, idempotencyKey: null, retryOf: null }),
        grant,
        files.read(id),
      );
      await files.remove(id);
      return upload;
    } catch (error) {
      if (error instanceof Problem && !mayBeTakenLater(error)) await files.remove(id);
      throw error;
    }
  }

  /** Files that are whole and not in the catalog: nobody may ever ask for them again. */
  async whole(): Promise<readonly ResumableFile[]> {
    const files: ResumableFile[] = [];
    for (const file of await this.files.list()) {
      if ((await this.files.received(file.id)) === file.length) files.push(file);
    }
    return files;
  }

  /** Removes files that did not become whole in time. */
  async expire(): Promise<void> {
    const { files, resumeMs } = this.#ports;
    for (const { id, createdAt, length } of await files.list()) {
      const isLate = Date.parse(createdAt) + resumeMs <= Date.now();
      if (isLate && !this.#finishing.has(id) && (await files.received(id)) < length) await files.remove(id);
    }
  }

  /** Removes all files of a customer. */
  async removeOf(customerId: CustomerId): Promise<void> {
    for (const file of await this.files.list()) {
      if (file.customerId === customerId) await this.files.remove(file.id);
    }
  }
}

/** What is the server's state, not the file's. */
function mayBeTakenLater({ status }: Problem): boolean {
  return status === 429 || status >= 500;
}
