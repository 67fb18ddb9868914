import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Problem } from '../../errors.ts';

/** Runs a piece of writing; a full disk becomes a Problem that says so. */
export async function storing<T>(write: () => Promise<T>): Promise<T> {
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

/** Makes the names in a folder last: a file that was fsynced may otherwise have no name after a power cut. */
export function syncFolder(path: string): Promise<void> {
  return sync(path, 'r');
}

/** Makes what was written into a file last. */
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

/** Puts a file in its place, whole or not at all, and makes it last there. */
export async function placeDurably(path: string, text: string): Promise<void> {
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

/** Writes bytes at a place of a file. */
export async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // A short write is no error; what it left is written next.
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}
