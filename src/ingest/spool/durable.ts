import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../../errors.ts';

/** Runs a write. @throws Problem disk_full if the disk is full; any other failure as it is */
export async function orDiskFull<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EDQUOT') throw error;
    throw new Problem(
      'disk_full',
      'The disk filled up while the file was being stored. Nothing of it was kept.',
      {},
      { cause: error },
    );
  }
}

/** Makes the names in a folder durable: without it, a file that was fsynced may have no name after a power cut. */
export function syncFolder(path: string): Promise<void> {
  return sync(path, 'r');
}

/** Makes the contents of a file durable. */
export function syncFile(path: string): Promise<void> {
  return sync(path, 'r+');
}

async function sync(path: string, flags: 'r' | 'r+'): Promise<void> {
  const file = await open(path, flags);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a file atomically and durably: temporary file, fsync, rename, fsync of the folder. */
export async function writeFileDurably(path: string, text: string): Promise<void> {
  const file = await open(`${path}.tmp`, 'w');
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.tmp`, path);
  await syncFolder(dirname(path));
}

/** Writes all of the bytes at a position of the file. */
export async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // A short write is no error: the next call writes the rest.
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}
