import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import { DEFAULT_PAGE_LIMIT, PageQuery } from '../../api/pages.ts';
import { RetryQuery, WaitHeaders } from '../../api/upload-options.ts';
import * as api from '../../api/uploads.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { CUSTOMER_PROBLEMS, FOLLOWERS } from '../access/access.ts';
import type { CustomerCatalog } from '../access/customer-catalog.ts';
import { response, streamResponse } from '../openapi/response.ts';
import { disableIdleTimeout } from '../requests/request-body.ts';
import { FILE_PROBLEMS } from './file-problems.ts';
import { uploadEvents } from './upload-events.ts';
import { currentUploadJson, uploadJson } from './upload-json.ts';
import { optionNamesOnly, rawQuery, readOptions } from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadReplies } from './upload-reply.ts';

export interface ManageUploadsDeps extends UploadReplyDeps, Pick<CustomerCatalog, 'listUploads'> {
  readonly ingest: Pick<Ingest, 'watchUpload' | 'waitUntilEnded' | 'progressOf' | 'cancelOrUndo' | 'retry'>;
}

/** `/customers/{id}/uploads` (GET), and `/uploads/{id}` with `/events` and `/retry`. */
export function manageUploadsRoutes(deps: ManageUploadsDeps): FastifyPluginAsyncTypebox {
  const { ingest } = deps;
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/uploads',
      {
        config: { right: 'read', problems: CUSTOMER_PROBLEMS },
        schema: {
          tags: ['Uploads'],
          summary: 'List uploads',
          operationId: 'listUploads',
          params: CustomerParams,
          querystring: PageQuery,
          response: { 200: response(api.UploadPage, 'Uploads of the customer, newest first.') },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        const { cursor = null, limit = DEFAULT_PAGE_LIMIT } = request.query;
        const { items, nextCursor } = await deps.listUploads(access, { after: cursor, limit });
        const progress = await ingest.progressOf(items);
        return {
          items: items.map((upload, index) => uploadJson(upload, progress[index] ?? null)),
          next_cursor: nextCursor,
        };
      },
    );

    app.get(
      '/api/v1/uploads/:id',
      {
        config: { right: FOLLOWERS, problems: ['upload_not_found'] },
        schema: {
          tags: ['Uploads'],
          summary: 'Get an upload',
          operationId: 'getUpload',
          params: api.UploadParams,
          response: { 200: response(api.Upload, 'The upload.') },
        },
      },
      async (request) => {
        const { upload } = await request.scope.upload(request.params.id);
        return currentUploadJson(ingest, upload);
      },
    );

    app.get(
      '/api/v1/uploads/:id/events',
      {
        config: { right: FOLLOWERS, problems: ['upload_not_found'] },
        // A HEAD request would have the stream read to its end.
        exposeHeadRoute: false,
        schema: {
          tags: ['Uploads'],
          summary: 'Follow an upload',
          description:
            'Streams the progress of the upload as server-sent events, until it has ended, the server stops, or the catalog database is unavailable. The schema below is of one event.',
          operationId: 'followUpload',
          params: api.UploadParams,
          response: { 200: streamResponse('The events.', { 'text/event-stream': api.UploadEvent }) },
        },
      },
      async (request, reply) => {
        const { access, upload } = await request.scope.upload(request.params.id);
        disableIdleTimeout(request.raw);
        reply.header('content-type', 'text/event-stream; charset=utf-8');
        // nginx would collect events.
        reply.header('x-accel-buffering', 'no');
        return reply.send(Readable.from(uploadEvents(ingest, access, upload, request.scope.confirm, deps.stopping)));
      },
    );

    app.delete(
      '/api/v1/uploads/:id',
      {
        config: { right: ['upload', 'undo'], problems: ['upload_not_found', 'cancel_pending'] },
        schema: {
          tags: ['Uploads'],
          summary: 'Cancel or undo an upload',
          description:
            'An upload that is still being processed is cancelled. A complete upload is undone: its rows are removed from all answers at once, which requires the permission `undo`. A failed upload is not changed. Uploads that were sent with another key require `undo` in any case.',
          operationId: 'cancelOrUndoUpload',
          params: api.UploadParams,
          response: { 200: response(api.Upload, 'The upload in its final state.') },
        },
      },
      async (request) => {
        const { access, upload } = await request.scope.upload(request.params.id, 'undo');
        disableIdleTimeout(request.raw);
        return currentUploadJson(ingest, await ingest.cancelOrUndo(access, upload.id));
      },
    );

    app.post(
      '/api/v1/uploads/:id/retry',
      {
        config: { right: 'upload', problems: ['upload_not_found', 'upload_not_retryable', ...FILE_PROBLEMS] },
        validatorCompiler: optionNamesOnly,
        schema: {
          tags: ['Uploads'],
          summary: 'Retry a failed upload',
          description:
            'Processes the stored bytes of a failed upload again, as a new upload with `retry_of`. Uploads that were sent with another key require the permission `read` as well. Options that are not given are those of the failed upload.',
          operationId: 'retryUpload',
          params: api.UploadParams,
          querystring: RetryQuery,
          headers: WaitHeaders,
          response: uploadReplies,
        },
      },
      async (request, reply) => {
        refuseBody(request.body);
        const { access, upload } = await request.scope.upload(request.params.id);
        const retried = await ingest.retry(access, upload.id, readOptions(rawQuery(request)));
        return replyWithUpload(deps, { access, upload: retried }, request, reply);
      },
    );
  };
}

/** Options in a body would be ignored: the upload would fail once more. @throws Problem bad_request */
function refuseBody(body: unknown): void {
  if (body === undefined || body === null || Object.keys(body).length === 0) return;
  const detail = 'The request has a body. The options of a retry are parameters of its URL, such as ?on_error=skip.';
  throw new Problem('bad_request', detail);
}
