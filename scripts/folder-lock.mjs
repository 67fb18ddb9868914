import { mkdirSync, readdirSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const LOCK_STALE_MS = 60_000;

/**
 * Allows one installation or build in the folder at a time. The lock is a folder that contains one file named after the owner's
 * process ID. A folder that is not empty cannot be removed, so if two processes find a dead owner, only one of them gets the lock.
 *
 * @param {string} root the project's folder
 * @param {() => Promise<void>} work
 * @param {{ onWaiting: () => void, onReadOnly: (error: Error) => Error }} report
 */
export async function withLock(root, work, { onWaiting, onReadOnly }) {
  const lock = join(root, '.set-up-lock');
  const mine = join(lock, String(process.pid));
  for (let waiting = false; ; await sleep(200)) {
    try {
      mkdirSync(lock);
      writeFileSync(mine, '');
      break;
    } catch (error) {
      // ENOENT: another process removed the still empty folder as stale.
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') throw onReadOnly(error);
    }
    if (!clearStale(lock) && !waiting) {
      waiting = true;
      onWaiting();
    }
  }
  const heartbeat = setInterval(() => utimesSync(mine, new Date(), new Date()), LOCK_STALE_MS / 6);
  try {
    await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Removes a lock whose owner no longer runs. @returns {boolean} whether to retry at once */
function clearStale(lock) {
  try {
    const [owner] = readdirSync(lock);
    if (owner !== undefined) {
      const fresh = Date.now() - statSync(join(lock, owner)).mtimeMs < LOCK_STALE_MS;
      if (fresh && Number(owner) !== process.pid && isAlive(Number(owner))) return false;
      rmSync(join(lock, owner));
    }
    rmdirSync(lock);
  } catch {
    // Another process removed or acquired the lock in the meantime: check again.
  }
  return true;
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
