import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  CompletedPart,
  ListObjectsV2CommandInput,
  ListObjectsV2CommandOutput,
  S3Client,
} from '@aws-sdk/client-s3';
import { FairSemaphore } from '../../fair-semaphore.ts';
import { bucketFailure, isMissing, mayPass } from './bucket-failure.ts';
import type { BucketLocation } from './bucket-url.ts';
import { bytesMissing } from './bytes-missing.ts';

/** Waits between tries. The client's own retries, which a streamed body cannot have, come within each try. */
const RETRY_MS = [250, 1_000, 3_000] as const;
/** Objects that are written at the same time: each has a connection and a few buffers. */
const CONCURRENT_WRITES = 8;
/** How long to wait for a connection, and for a server that answers nothing. */
const CONNECT_MS = 5_000;
const IDLE_MS = 30_000;
/** A larger object is written in parts; S3 takes at most 5 GiB in one request. */
const PART_BYTES = 256 * 1024 * 1024;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

type Sdk = typeof import('@aws-sdk/client-s3');

/** The objects of an S3-compatible bucket whose keys start with a prefix, which is not part of the keys here. */
export class Bucket {
  readonly #sdk: Sdk;
  readonly #client: S3Client;
  readonly #location: BucketLocation;
  readonly #writes = new FairSemaphore<null>({ capacity: CONCURRENT_WRITES, share: 'all' });

  readonly #partBytes: number;

  private constructor(sdk: Sdk, client: S3Client, location: BucketLocation, partBytes: number) {
    this.#partBytes = partBytes;
    this.#sdk = sdk;
    this.#client = client;
    this.#location = location;
  }

  /** Credentials come from the environment, as the AWS SDK reads it. */
  static async open(location: BucketLocation, { partBytes = PART_BYTES } = {}): Promise<Bucket> {
    // Only those who use a bucket load its client.
    const sdk = await import('@aws-sdk/client-s3');
    const { endpoint } = location;
    const region = location.region ?? (endpoint === null ? null : 'us-east-1');
    const client = new sdk.S3Client({
      ...(region !== null && { region }),
      // Other providers need not know the checksums of AWS, nor a host name for each bucket.
      ...(endpoint !== null && {
        endpoint,
        forcePathStyle: true,
        requestChecksumCalculation: 'WHEN_REQUIRED',
        responseChecksumValidation: 'WHEN_REQUIRED',
      }),
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: IDLE_MS },
      logger: silent,
    });
    return new Bucket(sdk, client, location, partBytes);
  }

  close(): void {
    this.#client.destroy();
  }

  /** Writes or replaces an object, whole or not at all. It is durable when this returns. @throws Problem spool_unavailable */
  async put(key: string, path: string): Promise<void> {
    const { size } = await stat(path);
    await this.#writes.run(null, {}, () =>
      size > this.#partBytes ? this.#putParts(key, path, size) : this.#putOne(key, path, size),
    );
  }

  /**
   * Reads an object, or a range of it. After a failure it continues where it was.
   *
   * @throws Problem upload_bytes_missing, spool_unavailable
   */
  async *read(key: string, range: { readonly from?: number; readonly to?: number } = {}): AsyncGenerator<Buffer, void> {
    let { from = 0 } = range;
    for (let failures = 0; ; ) {
      try {
        const Range = `bytes=${from}-${range.to ?? ''}`;
        const command = new this.#sdk.GetObjectCommand({ ...this.#at(key), ...(Range !== 'bytes=0-' && { Range }) });
        const { Body } = await this.#client.send(command);
        for await (const bytes of (Body ?? []) as AsyncIterable<Buffer>) {
          yield bytes;
          from += bytes.length;
          failures = 0;
        }
        return;
      } catch (error) {
        if (isMissing(error)) throw bytesMissing(`the object ${key}`, error);
        const wait = RETRY_MS[failures++];
        if (wait === undefined || !mayPass(error)) throw bucketFailure(error);
        await sleep(wait);
      }
    }
  }

  /** @returns the size of an object; null if there is none. @throws Problem spool_unavailable */
  async sizeOf(key: string): Promise<number | null> {
    // A HEAD request cannot say whether the object or the bucket is missing.
    const { Contents = [] } = await this.#list({ Prefix: this.#location.prefix + key, MaxKeys: 1 });
    const found = Contents.find((each) => each.Key === this.#location.prefix + key);
    return found ? (found.Size ?? 0) : null;
  }

  /** Removes objects, if they exist. @throws Problem spool_unavailable */
  async remove(keys: Iterable<string>): Promise<void> {
    // One by one: not every provider can delete several in one request.
    const removals = [...keys].map((key) =>
      this.#writes.run(null, {}, () =>
        this.#tried(() => this.#client.send(new this.#sdk.DeleteObjectCommand(this.#at(key)))),
      ),
    );
    for (const { status, reason } of (await Promise.allSettled(removals)) as PromiseRejectedResult[]) {
      if (status === 'rejected') throw reason;
    }
  }

  /** Removes all objects whose keys start so. @throws Problem spool_unavailable */
  async removeAll(start: string): Promise<void> {
    for await (const keys of this.#pages(start)) await this.remove(keys);
  }

  /** @returns the keys of all objects that start so. @throws Problem spool_unavailable */
  async keys(start: string): Promise<readonly string[]> {
    return (await Array.fromAsync(this.#pages(start))).flat();
  }

  /** @returns the names of the folders in a folder: what follows its key, up to the next slash. @throws Problem spool_unavailable */
  async folders(folder: string): Promise<readonly string[]> {
    const pages = await Array.fromAsync(this.#pages(folder, '/'));
    return pages.flat().map((key) => key.slice(folder.length, -1));
  }

  async *#pages(start: string, delimiter?: '/'): AsyncGenerator<readonly string[], void> {
    const { prefix } = this.#location;
    let after: string | undefined;
    do {
      const page = await this.#list({
        Prefix: prefix + start,
        ...(delimiter !== undefined && { Delimiter: delimiter }),
        ...(after !== undefined && { ContinuationToken: after }),
      });
      const found = delimiter
        ? (page.CommonPrefixes ?? []).map((each) => each.Prefix)
        : (page.Contents ?? []).map((each) => each.Key);
      yield found.flatMap((key) => (key === undefined ? [] : [key.slice(prefix.length)]));
      after = page.NextContinuationToken;
    } while (after !== undefined);
  }

  #list(query: Omit<ListObjectsV2CommandInput, 'Bucket'>): Promise<ListObjectsV2CommandOutput> {
    const command = new this.#sdk.ListObjectsV2Command({ Bucket: this.#location.bucket, ...query });
    return this.#tried(() => this.#client.send(command));
  }

  async #putOne(key: string, path: string, bytes: number): Promise<void> {
    await this.#tried(() => {
      const Body = bytes === 0 ? '' : createReadStream(path);
      return this.#client.send(new this.#sdk.PutObjectCommand({ ...this.#at(key), Body, ContentLength: bytes }));
    });
  }

  async #putParts(key: string, path: string, bytes: number): Promise<void> {
    const at = this.#at(key);
    const { UploadId } = await this.#tried(() => this.#client.send(new this.#sdk.CreateMultipartUploadCommand(at)));
    try {
      const Parts: CompletedPart[] = [];
      for (let start = 0; start < bytes; start += this.#partBytes) {
        const end = Math.min(start + this.#partBytes, bytes);
        const part = { ...at, UploadId, PartNumber: Parts.length + 1, ContentLength: end - start };
        const { ETag } = await this.#tried(() => {
          const Body = createReadStream(path, { start, end: end - 1 });
          return this.#client.send(new this.#sdk.UploadPartCommand({ ...part, Body }));
        });
        Parts.push({ PartNumber: part.PartNumber, ETag });
      }
      const whole = { ...at, UploadId, MultipartUpload: { Parts } };
      await this.#tried(() => this.#client.send(new this.#sdk.CompleteMultipartUploadCommand(whole)));
    } catch (error) {
      // Otherwise the parts stay until the bucket's own rules remove them.
      await this.#client.send(new this.#sdk.AbortMultipartUploadCommand({ ...at, UploadId })).catch(() => undefined);
      throw error;
    }
  }

  #at(key: string) {
    return { Bucket: this.#location.bucket, Key: this.#location.prefix + key };
  }

  /** Tries again as long as the failure may pass. @throws Problem spool_unavailable */
  async #tried<T>(request: () => Promise<T>): Promise<T> {
    for (let failures = 0; ; ) {
      try {
        return await request();
      } catch (error) {
        const wait = RETRY_MS[failures++];
        if (wait === undefined || !mayPass(error)) throw bucketFailure(error);
        await sleep(wait);
      }
    }
  }
}
