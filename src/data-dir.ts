import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SettingError } from './setting-error.ts';

/** The data folder, locked by this process. */
export interface DataDir {
  /** Creates a subfolder unless it exists. @returns its path */
  folder(name: string): string;
  /** Creates a subfolder, or empties an existing one. @returns its path */
  emptyFolder(name: string): string;
  path(name: string): string;
  release(): void;
}

/**
 * Locks a data folder for this process: two processes sharing a folder would treat each other's uploads as leftovers of a
 * crash. The lock is an SQLite file lock, which the operating system releases when the process ends, in whatever way.
 *
 * @param advice what to do if it cannot be written to
 * @throws SettingError if the folder is not writable or another process has locked it, and so do the methods
 */
export function takeDataDir(directory: string, advice = 'Set THENA_DATA_DIR to a writable folder.'): DataDir {
  const path = (name: string): string => join(directory, name);
  const using = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw refusal(directory, advice, error as NodeJS.ErrnoException);
    }
  };
  const folder = (name: string): string => {
    using(() => mkdirSync(path(name), { recursive: true }));
    return path(name);
  };
  return using(() => {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = new DatabaseSync(path('lock'));
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      throw error;
    }
    return {
      path,
      folder,
      emptyFolder: (name) => {
        using(() => rmSync(path(name), { recursive: true, force: true }));
        return folder(name);
      },
      release: () => lock.close(),
    };
  });
}

function refusal(directory: string, advice: string, error: NodeJS.ErrnoException & { errcode?: number }): SettingError {
  const SQLITE_BUSY = 5;
  const { code, errcode, message } = error;
  return new SettingError(
    errcode === SQLITE_BUSY
      ? `The data folder ${directory} is in use by another Thena process. Stop it, or use another folder (THENA_DATA_DIR).`
      : `Cannot use the data folder ${directory} (${code ?? 'error'}: ${message}). ${advice}`,
    { cause: error },
  );
}
