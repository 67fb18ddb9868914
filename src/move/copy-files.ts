import { createWriteStream } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Upload } from '../catalog/upload.ts';
import { Problem } from '../errors.ts';
import { mayHaveRejectFiles } from '../ingest/spool/reject-files.ts';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { MoveDeps, MoveSide } from './move-sides.ts';

const PAGE = 100;

/** The acknowledged uploads that are not loaded, and the failed ones that can be retried. */
export async function uploadsWithBytes({ catalog }: MoveSide): Promise<ReadonlySet<UploadId>> {
  const waiting = await catalog.uploadsInStatus(['received', 'ingesting']);
  return new Set([...waiting.map(({ id }) => id), ...(await catalog.keptFailures('all'))]);
}

/**
 * Copies the bytes of a customer's uploads and resumable files, and the rejected rows. Files that are there already are replaced.
 *
 * @returns those of which the source has not all bytes: they end as they would have there
 */
export async function copyFiles(
  { source, target, signal }: MoveDeps,
  customerId: CustomerId,
  withBytes: ReadonlySet<UploadId>,
): Promise<readonly UploadId[]> {
  const incomplete: UploadId[] = [];
  for await (const upload of uploadsOf(source, customerId)) {
    signal.throwIfAborted();
    const isWhole = !withBytes.has(upload.id) || (await orMissing(copySegments(source, target, upload, signal)));
    if (!isWhole) incomplete.push(upload.id);
    // One that has not ended finds them again.
    if (mayHaveRejectFiles(upload)) await copyRejectedRows(source, target, upload.id);
  }
  for (const fileId of await source.catalog.resumablesOf(customerId)) {
    if (!(await orMissing(copyChunks(source, target, fileId, signal)))) incomplete.push(fileId);
  }
  return incomplete;
}

/** @returns false if bytes are missing */
async function orMissing(copying: Promise<void>): Promise<boolean> {
  try {
    await copying;
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === 'upload_bytes_missing') return false;
    throw error;
  }
}

async function* uploadsOf({ catalog }: MoveSide, customerId: CustomerId): AsyncGenerator<Upload> {
  for (let after: string | null = null; ; ) {
    const page: Awaited<ReturnType<typeof catalog.listUploads>> = await catalog.listUploads(customerId, {
      after,
      limit: PAGE,
    });
    yield* page.items;
    if (page.nextCursor === null) return;
    after = page.nextCursor;
  }
}

async function copySegments(source: MoveSide, target: MoveSide, upload: Upload, signal: AbortSignal): Promise<void> {
  const segments = upload.file?.segments ?? [];
  const release = await source.place.spool.hold(upload, signal);
  try {
    for (const [index, { path }] of source.place.spool.locate(segments).entries()) {
      const name = segments[index]?.path;
      if (name !== undefined) await target.place.spool.adopt(name, path);
    }
  } finally {
    release();
  }
}

async function copyChunks(source: MoveSide, target: MoveSide, fileId: UploadId, signal: AbortSignal): Promise<void> {
  for (const { name, start } of await chunksOf(source, fileId)) {
    signal.throwIfAborted();
    const path = await target.place.chunks.draft(fileId, name, start);
    try {
      await writeDurably(Readable.from(source.place.chunks.read(fileId, name)), path);
    } catch (error) {
      await target.place.chunks.discard(fileId, name);
      throw error;
    }
    await target.place.chunks.store(fileId, name);
  }
}

async function copyRejectedRows(source: MoveSide, target: MoveSide, uploadId: UploadId): Promise<void> {
  const list = await source.place.rejectFiles.open(uploadId, 'list');
  const csv = await source.place.rejectFiles.open(uploadId, 'csv');
  if (!list || !csv) {
    await list?.close();
    await csv?.close();
    return;
  }
  const draft = target.place.rejectFiles.draft(uploadId);
  await writeDurably(list.stream(), draft.list);
  await writeDurably(csv.stream(), draft.csv);
  await target.place.rejectFiles.publish(uploadId);
}

async function chunksOf({ catalog }: MoveSide, fileId: UploadId) {
  let start = 0;
  return (await catalog.chunksOf(fileId)).map(({ name, bytes }) => {
    const chunk = { name, start };
    start += bytes;
    return chunk;
  });
}

async function writeDurably(content: Readable, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await pipeline(content, createWriteStream(path));
  const file = await open(path, 'r');
  await file.sync().finally(() => file.close());
}
