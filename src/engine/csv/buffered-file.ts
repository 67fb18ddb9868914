import { type FileHandle, open } from 'node:fs/promises';

const WRITE_BYTES = 256 * 1024;

/** A new file, or one that replaces an existing file, written in large blocks. */
export class BufferedFile {
  readonly #file: FileHandle;
  readonly #durable: boolean;
  #parts: Buffer[] = [];
  #bytes = 0;

  private constructor(file: FileHandle, durable: boolean) {
    this.#file = file;
    this.#durable = durable;
  }

  /** @param options.durable whether `close` fsyncs the file. Default: true */
  static async create(path: string, { durable = true } = {}): Promise<BufferedFile> {
    return new BufferedFile(await open(path, 'w'), durable);
  }

  /** Writes bytes whose memory may be reused once this has returned. */
  async writeNow(bytes: Buffer): Promise<void> {
    await this.#flush();
    if (bytes.length > 0) await this.#file.appendFile(bytes);
  }

  async write(...parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
    if (this.#bytes >= WRITE_BYTES) await this.#flush();
  }

  /** Writes what is buffered, and closes the file. */
  async close(): Promise<void> {
    try {
      await this.#flush();
      if (this.#durable) await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (whole.length > 0) await this.#file.appendFile(whole);
  }
}
