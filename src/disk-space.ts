import { statfs } from 'node:fs/promises';

/** The reserve is at most this share of the disk, so that small disks can be used. */
const MAX_RESERVE_SHARE = 0.1;

/**
 * Whether a disk has room for more bytes without touching its reserve.
 *
 * @param folder any folder on the disk
 * @param bytes about to be written
 */
export async function hasSpaceFor(folder: string, bytes: number, reserveBytes: number): Promise<boolean> {
  const { bavail, blocks, bsize } = await statfs(folder);
  return bavail * bsize - bytes >= Math.min(reserveBytes, blocks * bsize * MAX_RESERVE_SHARE);
}
