import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';

/** A file of the built page with its compressed forms. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly identity: Buffer;
  readonly br: Buffer | null;
  readonly gzip: Buffer | null;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
};

/**
 * Reads the built page into memory, where a later build cannot change it and no path leads out of its folder.
 *
 * @returns the files by their path, such as `assets/main-abc.js`; empty if the page was not built
 */
export async function readPageFiles(folder: string): Promise<ReadonlyMap<string, PageFile>> {
  const contents = new Map<string, Buffer>();
  for (const entry of await entriesOf(folder)) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) contents.set(relative(folder, path).split(sep).join('/'), await readFile(path));
  }
  const files = new Map<string, PageFile>();
  for (const [path, identity] of contents) {
    const type = TYPES[extname(path)];
    if (type === undefined) continue;
    const etag = `"${createHash('sha256').update(identity).digest('base64url').slice(0, 22)}"`;
    const [br, gzip] = ['br', 'gz'].map((ending) => contents.get(`${path}.${ending}`) ?? null);
    files.set(path, { type, etag, identity, br: br ?? null, gzip: gzip ?? null });
  }
  return files;
}

async function entriesOf(folder: string) {
  try {
    return await readdir(folder, { recursive: true, withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
