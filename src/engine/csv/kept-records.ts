import { open, rm } from 'node:fs/promises';
import { BYTE_ORDER_MARK, beginsWithMark, type CsvSegment, withMark } from '../../csv/segment.ts';
import { BufferedFile } from './buffered-file.ts';

const COPY_BYTES = 1024 * 1024;

/**
 * Writes the records of a segment that are not rejected to a new segment next to it. Nothing is written unless there is a
 * rejected one.
 */
export class KeptRecords {
  readonly #segment: CsvSegment;
  #file: BufferedFile | null = null;
  #bytes = 0;

  constructor(segment: CsvSegment) {
    this.#segment = segment;
  }

  get #path(): string {
    return `${this.#segment.path}.kept`;
  }

  /** Call it before the first record that is not kept. @param offset of that record in the segment's text */
  async start(offset: number): Promise<void> {
    if (this.#file !== null) return;
    this.#file = await BufferedFile.create(this.#path);
    const source = await open(this.#segment.path);
    try {
      const buffer = Buffer.allocUnsafeSlow(COPY_BYTES);
      const { bytesRead: head } = await source.read(buffer, 0, BYTE_ORDER_MARK.length, 0);
      const mark = beginsWithMark(buffer.subarray(0, head)) ? BYTE_ORDER_MARK.length : 0;
      for (let at = 0; at < offset; ) {
        const { bytesRead } = await source.read(buffer, 0, Math.min(COPY_BYTES, offset - at), mark + at);
        if (bytesRead === 0) break;
        await this.keep(Buffer.from(buffer.subarray(0, bytesRead)));
        at += bytesRead;
      }
    } finally {
      await source.close();
    }
  }

  /** Keeps text of the segment, whose memory may not be reused. Does nothing before `start`. */
  async keep(text: Buffer): Promise<void> {
    if (this.#file === null || text.length === 0) return;
    for (const part of this.#bytes === 0 ? withMark(text) : [text]) {
      this.#bytes += part.length;
      await this.#file.write(part);
    }
  }

  /** @returns the segment itself if no record was rejected; none if all were */
  async end(rejected: number): Promise<readonly CsvSegment[]> {
    if (this.#file === null) return [this.#segment];
    await this.#file.close();
    const records = this.#segment.records - rejected;
    if (records > 0) return [{ ...this.#segment, path: this.#path, bytes: this.#bytes, records, irregular: false }];
    await rm(this.#path);
    return [];
  }

  async abandon(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
  }
}
