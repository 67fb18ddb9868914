import type { FastifyReply, FastifyRequest } from 'fastify';
import * as api from '../../api/uploads.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { response } from '../openapi/response.ts';
import { disableIdleTimeout } from '../requests/request-body.ts';
import { preferredWaitMs } from './preferred-wait.ts';
import { currentUploadJson } from './upload-json.ts';

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
    return currentUploadJson(deps.ingest, upload);
  }
  disableIdleTimeout(request.raw);
  const latest = await waitUntilEnded(deps, access, upload, waitMs);
  const ended = latest.finishedAt !== null;
  reply.code(ended ? 200 : 202);
  if (ended) reply.header('preference-applied', 'wait');
  return currentUploadJson(deps.ingest, latest);
}

/** @returns the upload when it has ended, or in its current state when the time is up or the server stops */
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
    latest = await ingest.waitUntilEnded(access, upload.id, left, stopping);
  }
  return latest;
}
