import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { CsvDialect } from '../../csv/dialect.ts';
import { KeptShapes } from '../../csv/kept-shapes.ts';
import { BYTE_ORDER_MARK, beginsWithMark, type CsvSegment, withMark } from '../../csv/segment.ts';
import { BufferedFile } from './buffered-file.ts';

const COPY_BYTES = 1024 * 1024;

/**
 * Writes the records of a segment that are not rejected to a new segment next to it. Nothing is written unless there is a
 * rejected one.
 */
export class KeptRecords {
  readonly #segment: CsvSegment;
  readonly #shapes: KeptShapes;
  /** Of this attempt only: one that has lost its lease may still be writing to the same folder, on another node. */
  readonly #path: string;
  #file: BufferedFile | null = null;
  #bytes = 0;

  constructor(segment: CsvSegment, dialect: CsvDialect, columns: number) {
    this.#segment = segment;
    this.#shapes = new KeptShapes(dialect, columns);
    this.#path = `${segment.path}.${randomUUID()}.kept`;
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
        await this.#write(buffer.subarray(0, bytesRead));
        at += bytesRead;
      }
    } finally {
      await source.close();
    }
  }

  /** Keeps records of the segment, and notes their shapes. The text is copied. Before `start`, nothing is written. */
  async keep(records: Buffer): Promise<void> {
    this.#shapes.add(records);
    await this.#write(records);
  }

  async #write(records: Buffer): Promise<void> {
    if (this.#file === null || records.length === 0) return;
    const text = Buffer.from(records);
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
    const shapes = this.#shapes.take();
    if (records > 0)
      return [{ ...this.#segment, path: this.#path, bytes: this.#bytes, records, irregular: false, shapes }];
    await rm(this.#path);
    return [];
  }

  async abandon(): Promise<void> {
    await this.#file?.close().catch(() => undefined);
  }
}
