import { type FileHandle, open } from 'node:fs/promises';

const WRITE_BYTES = 256 * 1024;

/** A new file, or one that replaces an existing file, written in large blocks. */
export class BufferedFile {
  readonly #file: FileHandle;
  #parts: Buffer[] = [];
  #bytes = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async create(path: string): Promise<BufferedFile> {
    return new BufferedFile(await open(path, 'w'));
  }

  async write(...parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
    if (this.#bytes >= WRITE_BYTES) await this.#flush();
  }

  /** Writes what is buffered, fsyncs the file and closes it. */
  async close(): Promise<void> {
    try {
      await this.#flush();
      await this.#file.sync();
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
