import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { type CsvSegment, withMark } from '../csv/segment.ts';
import { storing, syncFolder } from './durable.ts';

/** The first segment is small, so that loading begins while most of the file is still on its way. */
const FIRST_SEGMENT_BYTES = 8 * 1024 * 1024;
const SEGMENT_BYTES = 64 * 1024 * 1024;
/** Chunks are gathered into writes of this size: one call to the system instead of sixteen. */
const WRITE_BYTES = 1024 * 1024;

interface CurrentSegment {
  readonly path: string;
  readonly file: FileHandle;
  readonly firstLine: number;
  readonly recordsBefore: number;
  readonly quotedLineFeedsBefore: number;
  bytes: number;
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

/**
 * Writes normalised CSV bytes into segments that begin and end with whole records. Segments get their final names at once:
 * nobody reads one that is not listed, and they are listed (for a load that runs ahead, or in the catalog) when complete.
 */
export class SegmentWriter {
  readonly #folder: string;
  readonly #sealed: CsvSegment[] = [];
  readonly #syncs: Promise<void>[] = [];
  #current: CurrentSegment | null = null;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
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
   * @param after where it stands after them
   */
  async write(bytes: Buffer, lastRecordEnd: number, before: CutterPosition, after: CutterPosition): Promise<void> {
    this.#current ??= await this.#begin(before);
    const current = this.#current;
    const target = this.#sealed.length === 0 ? FIRST_SEGMENT_BYTES : SEGMENT_BYTES;
    if (lastRecordEnd > 0 && current.bytes + lastRecordEnd >= target) {
      await this.#gather(current, bytes.subarray(0, lastRecordEnd));
      await this.#seal(current, after);
      const rest = bytes.subarray(lastRecordEnd);
      // The record that is cut in two here may hold line ends of its own, in quotes.
      const inRest = countLineFeeds(rest);
      const position = {
        records: after.records,
        lines: after.lines - inRest,
        quotedLineFeeds: after.quotedLineFeeds - inRest,
      };
      this.#current = await this.#begin(position);
      await this.#gather(this.#current, rest);
    } else {
      await this.#gather(current, bytes);
    }
  }

  /** Seals the last segment and makes all of them durable: contents, then names. */
  async end(position: CutterPosition): Promise<readonly CsvSegment[]> {
    if (this.#current && this.#current.bytes > 0) await this.#seal(this.#current, position);
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
    };
  }

  async #gather(segment: CurrentSegment, bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return;
    // No character is cut in two here: the decoder gives whole ones.
    for (const part of segment.bytes === 0 ? withMark(bytes) : [bytes]) {
      segment.bytes += part.length;
      this.#gathered.push(part);
      this.#gatheredBytes += part.length;
    }
    if (this.#gatheredBytes >= WRITE_BYTES) await this.#flush(segment);
  }

  /** Starts writing what is gathered, after what was started before has ended: at most two writes' bytes are held. */
  async #flush(segment: CurrentSegment): Promise<void> {
    await this.#writing;
    const buffers = this.#gathered;
    this.#gathered = [];
    this.#gatheredBytes = 0;
    this.#writing = storing(() => writeAll(segment.file, buffers));
    // The failure is met by whoever awaits #writing next.
    this.#writing.catch(() => undefined);
  }

  async #seal(segment: CurrentSegment, position: CutterPosition): Promise<void> {
    await this.#flush(segment);
    await this.#writing;
    const sync = storing(() => segment.file.sync()).finally(() => segment.file.close());
    sync.catch(() => undefined);
    this.#syncs.push(sync);
    this.#sealed.push({
      path: segment.path,
      bytes: segment.bytes,
      records: position.records - segment.recordsBefore,
      multiline: position.quotedLineFeeds > segment.quotedLineFeedsBefore,
      firstLine: segment.firstLine,
    });
  }
}

async function writeAll(file: FileHandle, buffers: readonly Buffer[]): Promise<void> {
  let left = buffers;
  while (left.length > 0) {
    let { bytesWritten } = await file.writev(left);
    // A short write is no error; what it left is written next.
    let whole = 0;
    for (const buffer of left) {
      if (bytesWritten < buffer.length) break;
      bytesWritten -= buffer.length;
      whole++;
    }
    const [partial, ...rest] = left.slice(whole);
    left = partial ? [partial.subarray(bytesWritten), ...rest] : [];
  }
}

function countLineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
