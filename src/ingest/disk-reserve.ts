import { statfs } from 'node:fs/promises';
import { Problem } from '../errors.ts';

/** The reserve is at most this share of the disk, so that small disks can be used. */
const MOST_OF_DISK = 0.1;

/** Room on the data folder's disk that files do not get: the catalog and the tables write into it until there is more. */
export class DiskReserve {
  readonly #directory: string;
  readonly #bytes: number;

  constructor(directory: string, bytes: number) {
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** @param bytes what is about to be written. @returns whether the reserve stays whole */
  async leaves(bytes: number): Promise<boolean> {
    const { bavail, blocks, bsize } = await statfs(this.#directory);
    return bavail * bsize - bytes >= Math.min(this.#bytes, blocks * bsize * MOST_OF_DISK);
  }

  /** @throws Problem disk_full where the reserve would not stay whole */
  async refuseBeyond(bytes: number): Promise<void> {
    if (await this.leaves(bytes)) return;
    throw new Problem(
      'disk_full',
      'The disk has no room left but what is kept in reserve. Nothing of the file was kept.',
    );
  }
}
