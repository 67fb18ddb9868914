import { type FileHandle, open, rename } from 'node:fs/promises';
import { platform } from 'node:os';
import { dirname } from 'node:path';

/** Makes the names in a folder durable: after a power cut, a file that was fsynced might otherwise have no name. */
export async function syncFolder(path: string): Promise<void> {
  // Windows cannot fsync a folder; NTFS keeps the names in its journal.
  if (platform() !== 'win32') await sync(path, 'r');
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

/** Writes or replaces a file, whole or not at all, and makes it durable: temporary file, fsync, rename, fsync the folder. */
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

/** Writes all bytes at a position of a file. */
export async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  // A short write is not an error: the rest is written next.
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}
