import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { countLineFeeds } from '../../csv/count-line-feeds.ts';
import type { FieldShape } from '../../csv/field-shapes.ts';
import { type CsvSegment, withMark } from '../../csv/segment.ts';
import { syncFolder, writeAt } from '../../durable.ts';
import { storing } from './storing.ts';

/** The first segment is small, so that loading begins while most of the file is still on its way. */
const FIRST_SEGMENT_BYTES = 8 * 1024 * 1024;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Chunks are gathered into writes of this size: one call to the system instead of sixteen. */
const WRITE_BYTES = 1024 * 1024;
/** Most files are small: what they are gathered in begins small, too. */
const FIRST_WRITE_BYTES = 64 * 1024;

interface CurrentSegment {
  readonly path: string;
  readonly file: FileHandle;
  readonly firstLine: number;
  readonly recordsBefore: number;
  readonly quotedLineFeedsBefore: number;
  bytes: number;
  /** Those of them that were given to the system. */
  writtenBytes: number;
}

/** Where the cutter stands after the bytes it has just given back. */
export interface CutterPosition {
  /** Whole records so far. */
  readonly records: number;
  /** Lines of the file that are wholly behind, so that the next line's number is this plus one. */
  readonly lines: number;
  /** Line feeds in quotes so far. */
  readonly quotedLineFeeds: number;
}

/** A cutter, as who writes what it cut sees it. */
export interface Cutter extends CutterPosition {
  /** By column: the shapes that all fields have, in the records that became whole since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[];
}

/**
 * Writes normalised CSV bytes into segments that begin and end with whole records. Segments get their final names at once:
 * nobody reads one that is not listed, and they are listed (for a load that runs ahead, or in the catalog) when complete.
 */
export class SegmentWriter {
  readonly #folder: string;
  readonly #sealed: CsvSegment[] = [];
  readonly #syncs: Promise<void>[] = [];
  #current: CurrentSegment | null = null;
  /** Bytes that are not written yet. They are copied, so that a chunk's memory is free as soon as `write` has returned. */
  #gathered = Buffer.allocUnsafeSlow(FIRST_WRITE_BYTES);
  #gatheredBytes = 0;
  /** What was given to the system last. */
  #written = Buffer.allocUnsafeSlow(0);
  #writing: Promise<void> = Promise.resolve();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Segments that are complete. Only `end` promises that they are on disk. */
  get sealed(): readonly CsvSegment[] {
    return this.#sealed;
  }

  /**
   * @param bytes the next bytes of the file
   * @param lastRecordEnd how many of them belong to records that are complete
   * @param before where the cutter stood before these bytes
   * @param cutter stands after them
   */
  async write(bytes: Buffer, lastRecordEnd: number, before: CutterPosition, cutter: Cutter): Promise<void> {
    this.#current ??= await this.#begin(before);
    const current = this.#current;
    const target = this.#sealed.length === 0 ? FIRST_SEGMENT_BYTES : SEGMENT_BYTES;
    if (lastRecordEnd > 0 && current.bytes + lastRecordEnd >= target) {
      await this.#gather(current, bytes.subarray(0, lastRecordEnd));
      await this.#seal(current, cutter);
      const rest = bytes.subarray(lastRecordEnd);
      // The record that is cut in two here may hold line ends of its own, in quotes.
      const inRest = countLineFeeds(rest);
      const position = {
        records: cutter.records,
        lines: cutter.lines - inRest,
        quotedLineFeeds: cutter.quotedLineFeeds - inRest,
      };
      this.#current = await this.#begin(position);
      await this.#gather(this.#current, rest);
    } else {
      await this.#gather(current, bytes);
    }
  }

  /** Seals the last segment and makes all of them durable: contents, then names. */
  async end(cutter: Cutter): Promise<readonly CsvSegment[]> {
    if (this.#current && this.#current.bytes > 0) await this.#seal(this.#current, cutter);
    else await this.#current?.file.close();
    this.#current = null;
    await Promise.all(this.#syncs);
    await storing(() => syncFolder(this.#folder));
    return this.#sealed;
  }

  /** Closes what is open. The folder is the spool's to remove. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#current?.file.close().catch(() => undefined);
    this.#current = null;
    await Promise.allSettled(this.#syncs);
  }

  async #begin(position: CutterPosition): Promise<CurrentSegment> {
    const path = join(this.#folder, `${String(this.#sealed.length).padStart(6, '0')}.csv`);
    const file = await storing(() => open(path, 'wx'));
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

  async #gather(segment: CurrentSegment, bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    // No character is cut in two here: the decoder gives whole ones.
    for (const part of segment.bytes === 0 ? withMark(bytes) : [bytes]) {
      segment.bytes += part.length;
      for (let taken = 0; taken < part.length; ) {
        if (this.#gatheredBytes === this.#gathered.length) await this.#flush(segment);
        const copied = part.copy(this.#gathered, this.#gatheredBytes, taken);
        this.#gatheredBytes += copied;
        taken += copied;
      }
    }
  }

  /** Starts writing what is gathered, after what was started before has ended: at most two writes' bytes are held. */
  async #flush(segment: CurrentSegment): Promise<void> {
    await this.#writing;
    const full = this.#gathered;
    const bytes = full.subarray(0, this.#gatheredBytes);
    this.#gathered = this.#written.length === WRITE_BYTES ? this.#written : Buffer.allocUnsafeSlow(WRITE_BYTES);
    this.#gatheredBytes = 0;
    this.#written = full;
    const position = segment.writtenBytes;
    segment.writtenBytes += bytes.length;
    this.#writing = storing(() => writeAt(segment.file, bytes, position));
    // The failure is met by whoever awaits #writing next.
    this.#writing.catch(() => undefined);
  }

  async #seal(segment: CurrentSegment, cutter: Cutter): Promise<void> {
    await this.#flush(segment);
    await this.#writing;
    const sync = storing(() => segment.file.sync()).finally(() => segment.file.close());
    sync.catch(() => undefined);
    this.#syncs.push(sync);
    this.#sealed.push({
      path: segment.path,
      bytes: segment.bytes,
      records: cutter.records - segment.recordsBefore,
      multiline: cutter.quotedLineFeeds > segment.quotedLineFeedsBefore,
      firstLine: segment.firstLine,
      shapes: cutter.takeShapes(),
    });
  }
}
