import type { ReceivedFile } from '../../catalog/upload.ts';
import type { CsvDialect } from '../../csv/dialect.ts';
import type { CsvSegment } from '../../csv/segment.ts';

/**
 * The segments of one file, between the one who writes them and the attempt that loads them: all there from the start,
 * or coming as the file does.
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
    // Nobody may be waiting when a sender goes away.
    this.#file.promise.catch(() => undefined);
    this.#changed.promise.catch(() => undefined);
  }

  /** A feed of a file that is all there, its segments with their whole paths. */
  static of(file: ReceivedFile): SegmentFeed {
    const feed = new SegmentFeed(file.dialect, file.columns);
    for (const segment of file.segments) feed.add(segment);
    feed.end(file);
    return feed;
  }

  /** How many segments there are so far. */
  get length(): number {
    return this.#segments.length;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Resolves once the file is acknowledged. */
  get file(): Promise<ReceivedFile> {
    return this.#file.promise;
  }

  add(segment: CsvSegment): void {
    this.#segments.push(segment);
    this.#announce();
  }

  /** The file is whole and durable. */
  end(file: ReceivedFile): void {
    this.#ended = true;
    this.#file.resolve(file);
    this.#announce();
  }

  /** The file will never be whole. */
  fail(error: Error): void {
    this.#file.reject(error);
    this.#changed.reject(error);
  }

  /**
   * Waits for segments beyond the first `taken`.
   *
   * @returns all that are there, at least one; none where the file has no more
   */
  async after(taken: number): Promise<readonly CsvSegment[]> {
    while (this.#segments.length <= taken && !this.#ended) await this.#changed.promise;
    return this.#segments.slice(taken);
  }

  /** Waits for the end of the file. */
  async all(): Promise<readonly CsvSegment[]> {
    await this.file;
    return this.#segments;
  }

  #announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    this.#changed.promise.catch(() => undefined);
  }
}
