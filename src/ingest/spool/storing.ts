import { Problem } from '../../errors.ts';

/** Runs a write, and turns a full disk into Problem disk_full. */
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
