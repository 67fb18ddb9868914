import { rm } from 'node:fs/promises';
import { join } from 'node:path';

interface CachedFolder {
  bytes: number;
  users: number;
}

/** Folders of segments whose originals are elsewhere. Those that nobody uses are removed, the least recently used first. */
export class SegmentCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  /** In the order of their last use. */
  readonly #folders = new Map<string, CachedFolder>();

  /** @param directory has nothing in it yet */
  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Keeps a folder until it is released. @returns releases it; only its first call counts */
  use(name: string): () => void {
    const folder = this.#folders.get(name) ?? { bytes: 0, users: 0 };
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
    if (folder) folder.bytes += bytes;
  }

  /** Removes folders that nobody uses until what is left is small enough. */
  async shrink(maxBytes = this.#maxBytes): Promise<void> {
    let total = this.#folders.values().reduce((sum, { bytes }) => sum + bytes, 0);
    for (const [name, { bytes, users }] of this.#folders) {
      if (total <= maxBytes) return;
      if (users > 0) continue;
      total -= bytes;
      await this.remove(name);
    }
  }

  async remove(name: string): Promise<void> {
    this.#folders.delete(name);
    await rm(join(this.#directory, name), { recursive: true, force: true });
  }
}
