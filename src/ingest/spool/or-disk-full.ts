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
