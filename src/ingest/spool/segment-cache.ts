import { rm } from 'node:fs/promises';
import { join } from 'node:path';

/** What a file takes of a disk, and its folder as well: those of small uploads are much larger than their bytes. */
const BLOCK_BYTES = 4096;

interface CachedFolder {
  /** Including its own. */
  bytes: number;
  users: number;
}

/** Folders of segments whose originals are elsewhere. Those that nobody uses are removed, the least recently used first. */
export class SegmentCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #folders = new Map<string, CachedFolder>();
  #bytes = 0;

  /** @param directory has nothing in it yet */
  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a folder until it is released. @returns releases it; only its first call counts */
  use(name: string): () => void {
    const folder = this.#folders.get(name) ?? this.#begin();
    // To the end of the order.
    this.#folders.delete(name);
    this.#folders.set(name, folder);
    folder.users++;
    let isReleased = false;
    return () => {
      if (isReleased) return;
      isReleased = true;
      folder.users--;
    };
  }

  /** Counts bytes that were written to a folder. */
  add(name: string, bytes: number): void {
    const folder = this.#folders.get(name);
    if (!folder) return;
    const taken = Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
    folder.bytes += taken;
    this.#bytes += taken;
  }

  /** Removes folders that nobody uses until what is left is small enough. */
  async shrink(maxBytes = this.#maxBytes): Promise<void> {
    for (const [name, { users }] of this.#folders) {
      if (this.#bytes <= maxBytes) return;
      if (users === 0) await this.remove(name);
    }
  }

  async remove(name: string): Promise<void> {
    this.#bytes -= this.#folders.get(name)?.bytes ?? 0;
    this.#folders.delete(name);
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }

  #begin(): CachedFolder {
    this.#bytes += BLOCK_BYTES;
    return { bytes: BLOCK_BYTES, users: 0 };
  }
}
