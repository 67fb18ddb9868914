import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { certificateRefusal } from '../../certificate-refusal.ts';
import { placeDurably } from '../../durable.ts';
import { Problem } from '../../errors.ts';
import { SettingError } from '../../setting-error.ts';
import { Bucket } from './bucket.ts';
import { BucketChunkFiles } from './bucket-chunk-files.ts';
import { BucketRejectFiles } from './bucket-reject-files.ts';
import { BucketSpool } from './bucket-spool.ts';
import { parseBucketUrl } from './bucket-url.ts';
import { FolderChunkFiles } from './folder-chunk-files.ts';
import { FolderRejectFiles } from './folder-reject-files.ts';
import { FolderSpool } from './folder-spool.ts';
import { SegmentCache } from './segment-cache.ts';
import type { SpoolPlace } from './spool.ts';

const FOLDERS = ['spool', 'rejects', 'resumable'] as const;
/** The file, or the object, that identifies a spool. */
const IDENTITY = 'identity';

export interface SpoolSettings {
  /** `file:///…`: a folder that nodes share; `s3://…`: a bucket. Null: the local folder. */
  readonly url: string | null;
  /** The folder of this node. */
  readonly local: string;
  /** The process. */
  readonly instance: string;
  /** How much of what is in a bucket is kept on this node's disk for later, besides what it is using. */
  readonly cacheBytes: number;
  readonly reserveBytes: number;
}

/** Opens the spool where it is. @throws SettingError if it cannot be used */
export async function openSpool(settings: SpoolSettings): Promise<SpoolPlace> {
  const { url, local, instance } = settings;
  if (url === null) return folderPlace(local, instance);
  const parsed = new URL(url);
  if (parsed.protocol === 's3:') return bucketPlace(parsed, settings);
  const shared = fileURLToPath(parsed);
  await refuseUnusable(shared, instance);
  return folderPlace(shared, instance);
}

async function folderPlace(root: string, instance: string): Promise<SpoolPlace> {
  const [spool, rejects, resumable] = await folders(root, ...FOLDERS);
  return {
    spool: new FolderSpool(spool, instance),
    rejectFiles: new FolderRejectFiles(rejects, instance),
    chunks: new FolderChunkFiles(resumable),
    segmentFolders: [spool],
    diskFolder: spool,
    ping: async () => {
      await stat(spool);
    },
    identity: () =>
      readFile(join(root, IDENTITY), 'utf8').then(
        (text) => text.trim(),
        (error: NodeJS.ErrnoException) => {
          if (error.code === 'ENOENT') return null;
          throw error;
        },
      ),
    writeIdentity: (identity) => placeDurably(join(root, IDENTITY), `${identity}\n`),
    close: () => undefined,
  };
}

async function bucketPlace(
  url: URL,
  { local, instance, cacheBytes, reserveBytes }: SpoolSettings,
): Promise<SpoolPlace> {
  const bucket = await Bucket.open(parseBucketUrl(url));
  // What a process that has died left may not be whole: the bucket has everything that was acknowledged.
  await rm(join(local, 'spool-cache'), { recursive: true, force: true });
  const [directory, rejects, chunks] = await folders(join(local, 'spool-cache'), ...FOLDERS);
  try {
    await tryOut(bucket, join(chunks, 'try'), instance);
  } catch (error) {
    bucket.close();
    throw error;
  }
  const cache = new SegmentCache(directory, cacheBytes);
  return {
    spool: new BucketSpool({ bucket, directory, cache, instance, reserveBytes }),
    rejectFiles: new BucketRejectFiles(bucket, rejects),
    chunks: new BucketChunkFiles(bucket, chunks),
    segmentFolders: [directory],
    diskFolder: directory,
    ping: async () => {
      await bucket.keys('try/');
    },
    async identity() {
      if ((await bucket.sizeOf(IDENTITY)) === null) return null;
      return Buffer.concat(await Array.fromAsync(bucket.read(IDENTITY)))
        .toString()
        .trim();
    },
    async writeIdentity(identity) {
      const path = join(chunks, IDENTITY);
      await writeFile(path, `${identity}\n`);
      await bucket.put(IDENTITY, path).finally(() => rm(path, { force: true }));
    },
    close: () => bucket.close(),
  };
}

/** Writes, lists, reads and removes an object, so that a missing permission is known before the first upload. */
async function tryOut(bucket: Bucket, path: string, instance: string): Promise<void> {
  const key = `try/${instance}`;
  try {
    await writeFile(path, 'try');
    await bucket.put(key, path);
    const isListed = (await bucket.keys(key)).includes(key);
    const isRead = Buffer.concat(await Array.fromAsync(bucket.read(key))).toString() === 'try';
    await bucket.remove([key]);
    if (!isListed || !isRead) throw new SettingError('Cannot use the bucket of THENA_SPOOL_URL: it lost an object.');
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const refusal = certificateRefusal(error.cause);
    if (refusal !== null) throw new SettingError(`Cannot use the endpoint of THENA_SPOOL_URL: ${refusal}`);
    throw new SettingError(
      `Cannot use the bucket of THENA_SPOOL_URL: ${error.detail} Thena needs the permissions to get, put, list and delete objects; its credentials are AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and its region is a parameter of the URL.`,
      { cause: error },
    );
  } finally {
    await rm(path, { force: true });
  }
}

/**
 * The folder has to exist, or a node on which it is not mounted would keep its uploads to itself. What is in it has to be writable, too: another
 * user may have started a node, or moved data into it.
 */
async function refuseUnusable(root: string, instance: string): Promise<void> {
  try {
    await tryFolder(root, instance);
    for (const folder of await folders(root, ...FOLDERS)) await tryFolder(folder, instance);
  } catch (error) {
    const { message } = error as Error;
    throw new SettingError(
      `Cannot use the folder of THENA_SPOOL_URL (${message}). It has to exist, and to be writable by every node. All of them, and moves, need the same user.`,
      { cause: error },
    );
  }
}

async function tryFolder(folder: string, instance: string): Promise<void> {
  const path = join(folder, `.try-${instance}`);
  await writeFile(path, '');
  await rm(path);
}

async function folders<const Names extends readonly string[]>(root: string, ...names: Names) {
  const paths = names.map((name) => join(root, name));
  for (const path of paths) await mkdir(path, { recursive: true });
  return paths as { readonly [Index in keyof Names]: string };
}
