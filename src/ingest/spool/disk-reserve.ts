import { hasSpaceFor } from '../../disk-space.ts';
import { Problem } from '../../errors.ts';

/** Room is promised in steps that grow with the file: a small one keeps none from others, a large one asks seldom. */
const FIRST_STEP_BYTES = 256 * 1024;
const LARGEST_STEP_BYTES = 32 * 1024 * 1024;

/** Room for one file that is being received. */
export interface RoomOnDisk {
  /** Takes room for bytes that are about to be written. @throws Problem disk_full where the reserve would not stay whole */
  take(bytes: number): Promise<void>;
  /** Gives back what was not needed. Safe to call more than once. */
  giveBack(): void;
}

/** Room on the data folder's disk that files do not get: the catalog and the tables write into it until there is more. */
export class DiskReserve {
  readonly #directory: string;
  readonly #bytes: number;
  /** Promised to files that are being received, and not written yet: the disk does not know of it. */
  #promisedBytes = 0;

  constructor(directory: string, bytes: number) {
    this.#directory = directory;
    this.#bytes = bytes;
  }

  /** @param bytes what is about to be written. @returns whether the reserve stays whole */
  leaves(bytes: number): Promise<boolean> {
    return hasSpaceFor(this.#directory, bytes, this.#bytes);
  }

  /** @throws Problem disk_full where the reserve would not stay whole */
  async refuseBeyond(bytes: number): Promise<void> {
    if (await this.leaves(bytes)) return;
    throw new Problem(
      'disk_full',
      'The disk has no room left but what is kept in reserve. Nothing of the file was kept.',
    );
  }

  /** What files take beside each other is added up, so that they keep the reserve whole together. */
  room(): RoomOnDisk {
    let left = 0;
    let step = FIRST_STEP_BYTES;
    const promise = (bytes: number): void => {
      this.#promisedBytes += bytes;
      left += bytes;
    };
    return {
      take: async (bytes) => {
        if (bytes > left) {
          // Promised first, then looked at: others look meanwhile.
          promise(Math.max(step, bytes - left));
          step = Math.min(2 * step, LARGEST_STEP_BYTES);
          await this.refuseBeyond(this.#promisedBytes);
        }
        promise(-bytes);
      },
      giveBack: () => promise(-left),
    };
  }
}
