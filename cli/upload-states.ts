import { createHash } from 'node:crypto';
import { readFileSync, realpathSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { FileOptions } from '../src/api/upload-options.ts';
import { stateFolder, writePrivateFile } from './user-folders.ts';

const SAMPLE_BYTES = 64 * 2 ** 10;

/** By which a file differs from another one, and from a later state of itself. */
export interface FileState {
  readonly bytes: number;
  readonly changedMs: number;
  /** SHA-256 of its first and its last bytes. */
  readonly sample: string;
  readonly options?: FileOptions;
}

interface UploadState extends FileState {
  readonly upload: string;
  /** Whether the server has acknowledged or refused it. */
  readonly sent: boolean;
}

export async function describeFile(path: string): Promise<FileState> {
  const file = await open(path);
  try {
    const { size, mtimeMs } = await file.stat();
    const hash = createHash('sha256');
    for (const position of [0, Math.max(0, size - SAMPLE_BYTES)]) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(SAMPLE_BYTES), 0, SAMPLE_BYTES, position);
      hash.update(buffer.subarray(0, bytesRead));
    }
    return { bytes: size, changedMs: mtimeMs, sample: hash.digest('hex') };
  } finally {
    await file.close();
  }
}

/** What is remembered of the upload of a file to a customer of a server, in a file that only its owner may read. */
export function uploadStates(
  env: NodeJS.ProcessEnv,
  { url, customer, path }: { readonly url: string; readonly customer: string; readonly path: string },
) {
  const name = createHash('sha256')
    .update(JSON.stringify([url, customer, realpathSync(path)]))
    .digest('hex');
  const statePath = join(stateFolder(env), 'uploads', `${name.slice(0, 32)}.json`);
  return {
    find(): UploadState | null {
      try {
        return JSON.parse(readFileSync(statePath, 'utf8')) as UploadState;
      } catch {
        // Without a state, the upload starts over, which is always right.
        return null;
      }
    },
    save: (state: UploadState): void => writePrivateFile(statePath, JSON.stringify(state)),
    remove: (): void => rmSync(statePath, { force: true }),
    /** Whether a state is of this file with these options. */
    isSame: ({ bytes, changedMs, sample, options }: FileState, file: FileState): boolean =>
      isDeepStrictEqual({ bytes, changedMs, sample, options }, file),
  };
}
