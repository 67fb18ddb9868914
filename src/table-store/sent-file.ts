import { randomUUID } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Where files are written that are sent once. */
export interface ExportFolder {
  readonly exports: string;
  /** Disk space that these files leave free. */
  readonly reserveBytes: number;
}

const CHUNK_BYTES = 256 * 1024;

/** Writes a file and reads it. The file is removed in every case. */
export async function* sentFile(
  { exports }: Pick<ExportFolder, 'exports'>,
  extension: string,
  write: (path: string) => Promise<void>,
): AsyncGenerator<Uint8Array, void> {
  const path = join(exports, `${randomUUID()}.${extension}`);
  let file: FileHandle | null = null;
  try {
    await write(path);
    file = await open(path);
    // Its space is freed as soon as it is closed, even by a crash.
    await rm(path);
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file?.close();
    await rm(path, { force: true });
  }
}
