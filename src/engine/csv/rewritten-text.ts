import { BYTE_ORDER_MARK, beginsWithMark } from '../../csv/segment.ts';
import type { BufferedFile } from './buffered-file.ts';

const OUT_BYTES = 512 * 1024;
/** Longest canonical value, in quotes and with a delimiter. */
const MAX_VALUE_BYTES = 64;

/** The text of a rewritten segment on its way to a file. While one part of it is written, the next one is collected. */
export class RewrittenText {
  bytes = 0;
  readonly #file: BufferedFile;
  #buffer = Buffer.allocUnsafeSlow(OUT_BYTES);
  /** The buffer that is being written, or was last. */
  #other = Buffer.allocUnsafeSlow(OUT_BYTES);
  #length = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(file: BufferedFile) {
    this.#file = file;
  }

  get isFull(): boolean {
    return this.#length > OUT_BYTES / 2;
  }

  ascii(text: string): void {
    this.#reserve(Math.max(text.length, MAX_VALUE_BYTES));
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length);
  }

  copy(text: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    this.#length += text.copy(this.#buffer, this.#length, from, to);
  }

  endLine(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = 10;
  }

  /** Begins to write what was collected, once the part before it is written. */
  async flush(): Promise<void> {
    await this.#writing;
    const bytes = this.#buffer.subarray(0, this.#length);
    [this.#buffer, this.#other] = [this.#other, this.#buffer];
    this.#length = 0;
    const marked = this.bytes === 0 && beginsWithMark(bytes) ? Buffer.concat([BYTE_ORDER_MARK, bytes]) : bytes;
    this.bytes += marked.length;
    this.#writing = this.#file.writeNow(marked);
    // A failure is thrown where it is awaited.
    this.#writing.catch(() => undefined);
  }

  /** Writes the rest. */
  async end(): Promise<void> {
    await this.flush();
    await this.#writing;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
