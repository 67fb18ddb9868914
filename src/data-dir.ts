import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SettingError } from './config.ts';

/** The data folder, held by one process. */
export interface DataDir {
  /** Makes a folder inside it, unless it is there. @returns its path */
  folder(name: string): string;
  /** The same, with nothing in it. */
  emptyFolder(name: string): string;
  path(name: string): string;
  release(): void;
}

/**
 * Takes a data folder for this process alone: two processes on one folder would take each other's uploads for leftovers of
 * a crash. The lock is SQLite's own on a file, so that it ends with the process, however that ends.
 *
 * @throws SettingError where the folder cannot be written, or another process holds it
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
        ? `Another Thena is running on the data folder ${directory}. Stop it, or set THENA_DATA_DIR to another folder.`
        : `The data folder ${directory} cannot be used (${code ?? 'error'}: ${message}). Set THENA_DATA_DIR to a folder that can be written.`,
      { cause: error },
    );
  }
}
