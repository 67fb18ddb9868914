import { createHash } from 'node:crypto';
import { type FileHandle, open, readFile, rm, stat, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { placeDurably, syncFile, syncFolder, writeAt } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import type { DiskReserve } from '../spool/disk-reserve.ts';
import { storing } from '../spool/storing.ts';

/** What a piece of a file must have, to be kept. */
export interface Checksum {
  readonly algorithm: 'sha1' | 'sha256';
  readonly digest: Buffer;
}

export interface Piece {
  readonly bytes: AsyncIterable<Buffer>;
  readonly checksum: Checksum | null;
  /** Told how many bytes of the file there are, as they come. */
  readonly onBytes: (received: number) => void;
}

/**
 * Appends bytes to a file, and makes them durable. Where they end early, what came is kept, unless a checksum was told for
 * them: until it is held against them, a mark beside the file says from where on they do not count.
 *
 * @param offset how many bytes there are already. Nobody else appends at the same time
 * @returns how many there are now
 * @throws Problem checksum_mismatch, disk_full
 */
export async function appendPiece(
  path: string,
  offset: number,
  { bytes, checksum, onBytes }: Piece,
  reserve: DiskReserve,
): Promise<number> {
  const room = reserve.room();
  const hash = checksum && createHash(checksum.algorithm);
  const file = await open(path, 'r+');
  let end = offset;
  let isKept = false;
  try {
    if (checksum) await placeDurably(markOf(path), `${offset}`);
    for await (const chunk of bytes) {
      await room.take(chunk.length);
      hash?.update(chunk);
      await storing(() => writeAt(file, chunk, end));
      end += chunk.length;
      onBytes(end);
    }
    if (checksum && !hash?.digest().equals(checksum.digest)) {
      const detail = `The bytes from ${offset} to ${end} have another ${checksum.algorithm} sum.`;
      throw new Problem('checksum_mismatch', detail);
    }
    await storing(() => file.sync());
    isKept = true;
  } finally {
    room.giveBack();
    // Bytes whose fsync failed may never reach the disk, however often one tries.
    const isDropped = !isKept && (checksum !== null || !(await isSynced(file)));
    try {
      if (isDropped) await file.truncate(offset);
    } finally {
      await file.close();
    }
    if (isDropped) onBytes(offset);
    // Not where the bytes could not be taken away: then they count as little at the next start.
    if (checksum) await removeMark(path);
  }
  return end;
}

/** What a process that was killed left of its last piece: bytes that may not last, or were not held against their checksum. */
export async function settlePiece(path: string): Promise<void> {
  const mark = await readFile(markOf(path), 'utf8').catch(() => null);
  if (mark !== null && Number(mark) < (await stat(path)).size) await truncate(path, Number(mark));
  await syncFile(path);
  if (mark !== null) await removeMark(path);
}

export function markOf(path: string): string {
  return `${path}.unchecked`;
}

async function removeMark(path: string): Promise<void> {
  await rm(markOf(path), { force: true });
  await syncFolder(dirname(path));
}

async function isSynced(file: FileHandle): Promise<boolean> {
  return file.sync().then(
    () => true,
    () => false,
  );
}
