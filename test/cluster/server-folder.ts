import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';

const LEAST_FREE_BYTES = 4 * 1024 ** 3;

/**
 * The folder for the files of test servers: in memory, where there is room. These servers put each commit on disk before they answer, which
 * takes most of their time, and kill -9 loses nothing that was written, on disk or not.
 */
export function serverFolder(): string {
  // `npm test` makes a folder there, and removes it.
  const inMemory = process.env.TEST_MEMORY ?? '/dev/shm';
  try {
    const { bavail, bsize } = statfsSync(inMemory);
    return bavail * bsize > LEAST_FREE_BYTES ? inMemory : tmpdir();
  } catch {
    return tmpdir();
  }
}
