import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { FieldShape } from '../../csv/field-shapes.ts';
import { countLineFeeds } from '../../csv/newlines.ts';
import { type CsvSegment, withMark } from '../../csv/segment.ts';
import { writeAt } from '../../durable.ts';
import { orDiskFull } from './or-disk-full.ts';

/** The first segment is small, so that loading starts while most of the file is still arriving. */
const FIRST_SEGMENT_BYTES = 8 * 1024 * 1024;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Chunks are buffered into writes of this size: one system call instead of sixteen. */
const WRITE_BYTES = 1024 * 1024;
/** The first buffer is small, because most files are. */
const FIRST_BUFFER_BYTES = 64 * 1024;

interface CurrentSegment {
  readonly path: string;
  readonly file: FileHandle;
  readonly firstLine: number;
  readonly recordsBefore: number;
  readonly quotedLineFeedsBefore: number;
  bytes: number;
  /** How many of them have been passed to the system. */
  writtenBytes: number;
}

/** How far the cutter has come, up to the last byte it has returned. */
export interface CutterPosition {
  /** Complete records so far. */
  readonly records: number;
  /** Complete lines so far: the next line has this number plus one. */
  readonly lines: number;
  /** Line feeds inside quotes so far. */
  readonly quotedLineFeeds: number;
}

/** Keeps segments for as long as their upload needs them. */
export interface SegmentKeeper {
  /** Makes a segment durable, as soon as it is complete. Its file is closed afterwards. */
  keep(path: string, file: FileHandle): Promise<void>;
  /** Makes the names of all segments durable, and with them the segments. */
  keepNames(): Promise<void>;
}

/** What the writer needs of a record cutter. */
export interface Cutter extends CutterPosition {
  /** Whether anything, such as spaces, follows the closing quote of a field so far. */
  readonly textAfterQuotes: boolean;
  /** By column: the shapes that all fields share in the records completed since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[];
  /** Whether a record completed since the last call has more or fewer fields than there are columns. */
  takeIrregular(): boolean;
}

/**
 * Writes normalised CSV bytes into segments that start and end with a whole record. Segments have their final names from the
 * start: a segment is read only once it is listed (in the feed of an early load, or in the catalog), and then it is complete.
 */
export class SegmentWriter {
  readonly #folder: string;
  readonly #keeper: SegmentKeeper;
  readonly #sealed: CsvSegment[] = [];
  readonly #keeping: Promise<void>[] = [];
  #current: CurrentSegment | null = null;
  /** Bytes not written yet. They are copied, so that the memory of a chunk can be freed once `write` has returned. */
  #buffer = Buffer.allocUnsafeSlow(FIRST_BUFFER_BYTES);
  #bufferedBytes = 0;
  /** The buffer passed to the system last. */
  #written = Buffer.allocUnsafeSlow(0);
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string, keeper: SegmentKeeper) {
    this.#folder = folder;
    this.#keeper = keeper;
  }

  /** Complete segments. They are not durable before `end` has returned. */
  get sealed(): readonly CsvSegment[] {
    return this.#sealed;
  }

  /**
   * @param bytes the next bytes of the file
   * @param lastRecordEnd how many of them belong to complete records
   * @param before the cutter's position before these bytes
   * @param cutter its position is after them
   */
  async write(bytes: Buffer, lastRecordEnd: number, before: CutterPosition, cutter: Cutter): Promise<void> {
    this.#current ??= await this.#begin(before);
    const current = this.#current;
    const target = this.#sealed.length === 0 ? FIRST_SEGMENT_BYTES : SEGMENT_BYTES;
    if (lastRecordEnd > 0 && current.bytes + lastRecordEnd >= target) {
      await this.#append(current, bytes.subarray(0, lastRecordEnd));
      await this.#seal(current, cutter);
      const rest = bytes.subarray(lastRecordEnd);
      // The incomplete record may contain line feeds, inside quotes.
      const inRest = countLineFeeds(rest);
      const position = {
        records: cutter.records,
        lines: cutter.lines - inRest,
        quotedLineFeeds: cutter.quotedLineFeeds - inRest,
      };
      this.#current = await this.#begin(position);
      await this.#append(this.#current, rest);
    } else {
      await this.#append(current, bytes);
    }
  }

  /** Completes the last segment and makes all of them durable: contents first, then names. */
  async end(cutter: Cutter): Promise<readonly CsvSegment[]> {
    if (this.#current && this.#current.bytes > 0) await this.#seal(this.#current, cutter);
    else await this.#current?.file.close();
    this.#current = null;
    await Promise.all(this.#keeping);
    await orDiskFull(() => this.#keeper.keepNames());
    return this.#sealed;
  }

  /** Closes the open files. `Spool.remove` removes the folder. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#current?.file.close().catch(() => undefined);
    this.#current = null;
    await Promise.allSettled(this.#keeping);
  }

  async #begin(position: CutterPosition): Promise<CurrentSegment> {
    const path = join(this.#folder, `${String(this.#sealed.length).padStart(6, '0')}.csv`);
    const file = await orDiskFull(() => open(path, 'wx'));
    return {
      path,
      file,
      firstLine: position.lines + 1,
      recordsBefore: position.records,
      quotedLineFeedsBefore: position.quotedLineFeeds,
      bytes: 0,
      writtenBytes: 0,
    };
  }

  async #append(segment: CurrentSegment, bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    // The decoder returns whole characters only, so none is split between segments.
    for (const part of segment.bytes === 0 ? withMark(bytes) : [bytes]) {
      segment.bytes += part.length;
      for (let taken = 0; taken < part.length; ) {
        if (this.#bufferedBytes === this.#buffer.length) await this.#flush(segment);
        const copied = part.copy(this.#buffer, this.#bufferedBytes, taken);
        this.#bufferedBytes += copied;
        taken += copied;
      }
    }
  }

  /** Starts to write the buffer once the write before has ended, so that at most two buffers are in memory. */
  async #flush(segment: CurrentSegment): Promise<void> {
    await this.#writing;
    const full = this.#buffer;
    const bytes = full.subarray(0, this.#bufferedBytes);
    this.#buffer = this.#written.length === WRITE_BYTES ? this.#written : Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#bufferedBytes = 0;
    this.#written = full;
    const position = segment.writtenBytes;
    segment.writtenBytes += bytes.length;
    this.#writing = orDiskFull(() => writeAt(segment.file, bytes, position));
    // A failure is thrown where #writing is awaited next.
    this.#writing.catch(() => undefined);
  }

  async #seal(segment: CurrentSegment, cutter: Cutter): Promise<void> {
    await this.#flush(segment);
    await this.#writing;
    const kept = orDiskFull(() => this.#keeper.keep(segment.path, segment.file)).finally(() => segment.file.close());
    kept.catch(() => undefined);
    this.#keeping.push(kept);
    const records = cutter.records - segment.recordsBefore;
    const lines = cutter.lines - (segment.firstLine - 1);
    const quotedLineFeeds = cutter.quotedLineFeeds - segment.quotedLineFeedsBefore;
    this.#sealed.push({
      path: segment.path,
      bytes: segment.bytes,
      records,
      multiline: quotedLineFeeds > 0,
      blankLines: lines - quotedLineFeeds > records,
      textAfterQuotes: cutter.textAfterQuotes,
      irregular: cutter.takeIrregular(),
      firstLine: segment.firstLine,
      shapes: cutter.takeShapes(),
    });
  }
}
