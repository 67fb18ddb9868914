import type { ReceivedFile } from '../../catalog/upload.ts';
import type { CsvDialect } from '../../csv/dialect.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import { abortable } from './abortable.ts';

/**
 * The segments of one file, on their way from the reception that writes them to the attempt that loads them: complete from the
 * start, or growing while the file arrives.
 */
export class SegmentFeed {
  readonly dialect: CsvDialect;
  readonly columns: readonly string[];
  readonly #segments: CsvSegment[] = [];
  readonly #file = Promise.withResolvers<ReceivedFile>();
  #ended = false;
  #changed = Promise.withResolvers<void>();

  constructor(dialect: CsvDialect, columns: readonly string[]) {
    this.dialect = dialect;
    this.columns = columns;
    // If the client disconnects, there may be no attempt that waits.
    this.#file.promise.catch(() => undefined);
    this.#changed.promise.catch(() => undefined);
  }

  /** The feed of a file that is complete; its segments have absolute paths. */
  static of(file: ReceivedFile): SegmentFeed {
    const feed = new SegmentFeed(file.dialect, file.columns);
    for (const segment of file.segments) feed.add(segment);
    feed.end(file);
    return feed;
  }

  /** How many segments have been added so far. */
  get length(): number {
    return this.#segments.length;
  }

  /** Whether the file is complete. */
  get isComplete(): boolean {
    return this.#ended;
  }

  /** Resolves when the file has been acknowledged; rejects if it never will be. */
  get file(): Promise<ReceivedFile> {
    return this.#file.promise;
  }

  add(segment: CsvSegment): void {
    this.#segments.push(segment);
    this.#announce();
  }

  /** The file is complete, durable and acknowledged. */
  end(file: ReceivedFile): void {
    this.#ended = true;
    this.#file.resolve(file);
    this.#announce();
  }

  /** The file will never be complete. */
  fail(error: Error): void {
    this.#file.reject(error);
    this.#changed.reject(error);
  }

  /**
   * Waits for segments beyond the first `taken`.
   *
   * @returns all of them so far, at least one; an empty list at the end of the file
   * @throws StorageFailure cancelled
   */
  async after(taken: number, signal: AbortSignal): Promise<readonly CsvSegment[]> {
    while (this.#segments.length <= taken && !this.#ended) await abortable(this.#changed.promise, signal);
    return this.#segments.slice(taken);
  }

  /** Waits for the end of the file. @returns all of its segments. @throws StorageFailure cancelled */
  async all(signal: AbortSignal): Promise<readonly CsvSegment[]> {
    await abortable(this.file, signal);
    return this.#segments;
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => undefined);
  }
}
