import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const IN_MEMORY = '/dev/shm';
/** Servers that were interrupted may write for a moment. */
const REMOVAL = { recursive: true, force: true, maxRetries: 20, retryDelay: 100 };

/**
 * Runs tests with folders of their own for all that they write, and removes these at the end, also if the tests were interrupted.
 *
 * @param {(env: NodeJS.ProcessEnv) => Promise<number>} run gets the variables that name the folders, and returns an exit code
 * @returns {Promise<number>} this exit code; 1 if it is 0 and tests left files behind
 */
export async function inTestFolders(run) {
  const onDisk = mkdtempSync(join(tmpdir(), 'thena-tests-'));
  const inMemory = folderInMemory();
  const folders = inMemory === null ? [onDisk] : [onDisk, inMemory];
  try {
    // PostgreSQL does not run as root, but its data are in there.
    for (const folder of folders) chmodSync(folder, 0o755);
    // Windows reads TEMP or TMP.
    const env = { TMPDIR: onDisk, TEMP: onDisk, TMP: onDisk };
    const exitCode = await run(inMemory === null ? env : { ...env, TEST_MEMORY: inMemory });
    // All that tests create begins with thena-; other programs, such as a browser, may keep files of their own.
    const left = folders.flatMap((folder) => readdirSync(folder).filter((name) => name.startsWith('thena-')));
    if (exitCode !== 0 || left.length === 0) return exitCode;
    process.stderr.write(`Thena: The tests left files behind: ${left.join(', ')}.\n`);
    return 1;
  } finally {
    for (const folder of folders) rmSync(folder, REMOVAL);
  }
}

/** @returns null where there is no such place, or nothing can be written there */
function folderInMemory() {
  try {
    return mkdtempSync(join(IN_MEMORY, 'thena-tests-'));
  } catch {
    return null;
  }
}
