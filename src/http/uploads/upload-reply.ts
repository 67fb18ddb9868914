import type { FastifyReply, FastifyRequest } from 'fastify';
import * as api from '../../api/uploads.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { progressOf } from '../../ingest/progress/progress-board.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { response } from '../openapi/response.ts';
import { disableIdleTimeout } from '../requests/request-body.ts';
import { preferredWaitMs } from './preferred-wait.ts';
import { uploadJson } from './upload-json.ts';

export interface UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'waitUntilEnded' | 'progressOf'>;
  /** Aborts when the server stops: from then on no request waits. */
  readonly stopping: AbortSignal;
}

const HEADERS = { location: 'Path of the upload.' };

export const uploadReplies = {
  200: response(api.Upload, 'With `Prefer: wait`: the upload has ended. Its status says how.', {
    ...HEADERS,
    'preference-applied': '`wait`',
  }),
  202: response(
    api.Upload,
    'The file is on disk. Its rows will be loaded, or the upload fails with an error that says why.',
    HEADERS,
  ),
};

/** Answers an acknowledged upload: at once with 202, or with `Prefer: wait` as soon as it has ended, with 200. */
export async function replyWithUpload(
  deps: UploadReplyDeps,
  { access, upload }: { readonly access: CustomerAccess; readonly upload: Upload },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<api.Upload> {
  reply.header('location', `/api/v1/uploads/${upload.id}`);
  const waitMs = preferredWaitMs(request.headers.prefer);
  if (waitMs === null) {
    reply.code(202);
    return latestJson(deps, upload);
  }
  disableIdleTimeout(request.raw);
  const latest = await waitUntilEnded(deps, access, upload, waitMs);
  const ended = latest.finishedAt !== null;
  reply.code(ended ? 200 : 202);
  if (ended) reply.header('preference-applied', 'wait');
  return latestJson(deps, latest);
}

async function latestJson({ ingest }: UploadReplyDeps, upload: Upload): Promise<api.Upload> {
  const [progress = null] = (await unlessCatalogIsAway(ingest.progressOf([upload]))) ?? [
    progressOf(upload, { bytesReceived: 0, rowsRead: 0 }),
  ];
  return uploadJson(upload, progress);
}

/** @returns the upload when it has ended, or in its current state when the time is up, the server stops or the catalog is away */
async function waitUntilEnded(
  { ingest, stopping }: UploadReplyDeps,
  access: CustomerAccess,
  upload: Upload,
  waitMs: number,
): Promise<Upload> {
  const deadline = performance.now() + waitMs;
  let latest = upload;
  for (let left = waitMs; latest.finishedAt === null && left > 0; left = deadline - performance.now()) {
    if (stopping.aborted) break;
    const seen = await unlessCatalogIsAway(ingest.waitUntilEnded(access, upload.id, left, stopping));
    if (!seen) break;
    latest = seen;
  }
  return latest;
}

/** The upload is acknowledged: a client that got a problem now would send it again, and its rows would be loaded twice. */
async function unlessCatalogIsAway<Read>(read: Promise<Read>): Promise<Read | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof Problem && error.code === 'catalog_unavailable') return null;
    throw error;
  }
}
