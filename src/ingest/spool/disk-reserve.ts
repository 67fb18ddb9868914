import { hasSpaceFor } from '../../disk-space.ts';
import { Problem } from '../../errors.ts';
import { spoolAway } from './spool-away.ts';

/** An allowance grows in steps, the larger the file the larger: small files hold little back, large ones rarely ask. */
const FIRST_STEP_BYTES = 256 * 1024;
const MAX_STEP_BYTES = 32 * 1024 * 1024;

/** Disk space for one file that is being received. */
export interface SpaceAllowance {
  /** Call it before the bytes are written. @throws Problem disk_full if they would cut into the reserve */
  take(bytes: number): Promise<void>;
  /** Returns what was not used. Safe to call more than once. */
  release(): void;
}

/** Free disk space that no file may use, so that the catalog and the tables can still be written when the disk fills up. */
export class DiskReserve {
  readonly #directory: string;
  readonly #bytes: number;
  /** Allowed to files being received and not written yet: the file system still counts it as free. */
  #allowedBytes = 0;

  constructor(directory: string, bytes: number) {
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** @returns whether so many bytes can be written without cutting into the reserve. @throws Problem spool_unavailable */
  async hasRoomFor(bytes: number): Promise<boolean> {
    try {
      return await hasSpaceFor(this.#directory, bytes, this.#bytes);
    } catch (error) {
      throw spoolAway(error);
    }
  }

  /** @throws Problem spool_unavailable, or disk_full if so many bytes would cut into the reserve */
  async requireRoomFor(bytes: number): Promise<void> {
    if (await this.hasRoomFor(bytes)) return;
    throw new Problem('disk_full', 'Only the reserved disk space is left. Nothing of the file was kept.');
  }

  /** Allowances are added up, so that files received at the same time keep the reserve whole together. */
  allowance(): SpaceAllowance {
    let left = 0;
    let step = FIRST_STEP_BYTES;
    const add = (bytes: number): void => {
      this.#allowedBytes += bytes;
      left += bytes;
    };
    return {
      take: async (bytes) => {
        if (bytes > left) {
          // Added before the disk is asked, since other files ask in the meantime.
          add(Math.max(step, bytes - left));
          step = Math.min(2 * step, MAX_STEP_BYTES);
          await this.requireRoomFor(this.#allowedBytes);
        }
        add(-bytes);
      },
      release: () => add(-left),
    };
  }
}
