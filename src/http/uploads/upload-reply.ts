import type { FastifyReply, FastifyRequest } from 'fastify';
import { type TSchema, Type } from 'typebox';
import type { Upload } from '../../catalog/upload.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { preferredWaitMs } from '../requests/prefer.ts';
import { expectSilence } from '../requests/unfinished-request.ts';
import { type UploadJson, UploadRef, uploadJson } from './upload-json.ts';

/** How often who waits is looked after: has the server begun to stop? */
const LOOK_AROUND_MS = 1_000;

export interface UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'waitUntilEnded' | 'progressOf'>;
  /** Aborted when the server stops: then no one is kept waiting. */
  readonly stopping: AbortSignal;
}

/** Headers that uploads understand, for the documentation. */
export const uploadHeaders = (further: Record<string, TSchema> = {}) =>
  Type.Object({
    prefer: Type.Optional(
      Type.String({
        description: '`wait=30`: answer when the upload has ended, or after 30 seconds (RFC 7240); 300 at most.',
        examples: ['wait=30'],
      }),
    ),
    'idempotency-key': Type.Optional(
      Type.String({
        description:
          'A value of your own, such as a UUID: sent again with the same file, it gives the same upload and appends nothing.',
      }),
    ),
    ...further,
  });

const headers = { location: { type: 'string', description: 'Where the upload is found: /api/v1/uploads/{id}.' } };

export const uploadReplySchemas = {
  200: Type.Unsafe<UploadJson>({
    description: 'With `Prefer: wait`: the upload has ended; `status` says how.',
    headers,
    content: { 'application/json': { schema: UploadRef } },
  }),
  202: Type.Unsafe<UploadJson>({
    description: 'The file is on disk, and ends as rows or as a failure that says why.',
    headers,
    content: { 'application/json': { schema: UploadRef } },
  }),
  ...problemReplySchemas,
};

/** Answers an acknowledged upload: at once with 202, or, where the sender prefers to wait, with 200 when it has ended. */
export async function replyWithUpload(
  deps: UploadReplyDeps,
  { access, upload }: { readonly access: CustomerAccess; readonly upload: Upload },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<UploadJson> {
  reply.header('location', `/api/v1/uploads/${upload.id}`);
  const waitMs = preferredWaitMs(request.headers.prefer);
  if (waitMs === null) {
    reply.code(202);
    return uploadJson(upload, deps.ingest.progressOf(upload));
  }
  expectSilence(request.raw);
  const latest = await untilEnded(deps, access, upload, waitMs);
  const ended = latest.finishedAt !== null;
  reply.code(ended ? 200 : 202);
  if (ended) reply.header('preference-applied', 'wait');
  return uploadJson(latest, deps.ingest.progressOf(latest));
}

/** The upload when it has ended, or as it stands when time is up or the server stops. */
async function untilEnded(
  { ingest, stopping }: UploadReplyDeps,
  access: CustomerAccess,
  upload: Upload,
  waitMs: number,
): Promise<Upload> {
  const deadline = performance.now() + waitMs;
  let latest = upload;
  for (let left = waitMs; latest.finishedAt === null && left > 0; left = deadline - performance.now()) {
    if (stopping.aborted) break;
    latest = await ingest.waitUntilEnded(access, upload.id, Math.min(left, LOOK_AROUND_MS));
  }
  return latest;
}
