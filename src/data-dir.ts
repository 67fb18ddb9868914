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
 * @throws SettingError if the folder is not writable or another process has locked it
 */
export function takeDataDir(directory: string): DataDir {
  const path = (name: string): string => join(directory, name);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = new DatabaseSync(path('lock'));
    try {
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock.close();
      throw error;
    }
    const folder = (name: string): string => {
      mkdirSync(path(name), { recursive: true });
      return path(name);
    };
    return {
      path,
      folder,
      emptyFolder: (name) => {
        rmSync(path(name), { recursive: true, force: true });
        return folder(name);
      },
      release: () => lock.close(),
    };
  } catch (error) {
    const { code, errcode, message } = error as NodeJS.ErrnoException & { errcode?: number };
    const SQLITE_BUSY = 5;
    throw new SettingError(
      errcode === SQLITE_BUSY
        ? `The data folder ${directory} is in use by another Thena process. Stop it, or use another folder (THENA_DATA_DIR).`
        : `Cannot use the data folder ${directory} (${code ?? 'error'}: ${message}). Set THENA_DATA_DIR to a writable folder.`,
      { cause: error },
    );
  }
}
