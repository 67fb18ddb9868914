import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { placeDurably, syncFile, syncFolder, writeAt } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { orDiskFull } from '../spool/or-disk-full.ts';

/** The checksum of a chunk, as its client computed it. */
export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256';
  readonly digest: Buffer;
}

/** The bytes of one request. */
export interface Chunk {
  readonly bytes: AsyncIterable<Buffer>;
  readonly checksum: Checksum | null;
}

/**
 * Appends a chunk to a file and makes it durable. If the bytes break off, those that arrived are kept, unless the chunk has a
 * checksum: until it is verified, a marker next to the file says from which offset on the bytes do not count.
 *
 * @param offset the size of the file. There must be no other append at the same time
 * @returns the new size of the file
 * @throws Problem checksum_mismatch, disk_full
 */
export async function appendChunk(
  path: string,
  offset: number,
  { bytes, checksum }: Chunk,
  reserve: DiskReserve,
): Promise<number> {
  const allowance = reserve.allowance();
  const hash = checksum && createHash(checksum.algorithm);
  const file = await open(path, 'r+');
  let end = offset;
  let isDurable = false;
  try {
    if (checksum) await placeDurably(markerOf(path), `${offset}`);
    for await (const buffer of bytes) {
      await allowance.take(buffer.length);
      hash?.update(buffer);
      await orDiskFull(() => writeAt(file, buffer, end));
      end += buffer.length;
    }
    if (checksum && !hash?.digest().equals(checksum.digest)) {
      const detail = `The bytes from ${offset} to ${end} do not match the ${checksum.algorithm} checksum.`;
      throw new Problem('checksum_mismatch', detail);
    }
    await orDiskFull(() => file.sync());
    isDurable = true;
  } finally {
    allowance.release();
    // After a failed fsync the bytes may never reach the disk, even if a later fsync succeeds.
    const isDropped = !isDurable && (checksum !== null || !(await sync(file)));
    try {
      if (isDropped) await file.truncate(offset);
    } finally {
      await file.close();
    }
    // If truncating fails, the marker stays, so that the bytes do not count after a restart either.
    if (checksum) await removeMarker(path);
  }
  return end;
}

/** Settles the last chunk after a crash: its bytes may not be durable, or not verified against their checksum. */
export async function recoverChunk(path: string): Promise<void> {
  const marker = await readFile(markerOf(path), 'utf8').catch(() => null);
  if (marker !== null && Number(marker) < (await stat(path)).size) await truncate(path, Number(marker));
  await syncFile(path);
  if (marker !== null) await removeMarker(path);
}

/** The file that marks unverified bytes: it holds the offset at which they start. */
export function markerOf(path: string): string {
  return `${path}.unchecked`;
}

async function removeMarker(path: string): Promise<void> {
  await rm(markerOf(path), { force: true });
  await syncFolder(dirname(path));
}

/** @returns whether it succeeded */
async function sync(file: FileHandle): Promise<boolean> {
  return file.sync().then(
    () => true,
    () => false,
  );
}
