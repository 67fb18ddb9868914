import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Upload } from '../../catalog/upload.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { rejectJson } from '../../ingest/spool/rejected-rows.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { PageQuery, pageOf } from '../requests/page-schema.ts';
import { expectSilence } from '../requests/unfinished-request.ts';
import { uploadEvents } from './upload-events.ts';
import { UploadRef, uploadJson } from './upload-json.ts';
import { readChangedOptions, UploadOptionsQuery } from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadHeaders, uploadReplySchemas } from './upload-reply.ts';

export interface UploadDeps extends UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'waitUntilEnded' | 'progressOf' | 'cancelOrUndo' | 'retry' | 'rejects'>;
}

const UploadParams = Type.Object({ id: Type.String({ description: 'The id of the upload.' }) });

const RejectSchema = Type.Object(
  {
    line: Type.Integer({ description: 'Line of the file, from 1, on which the record begins.' }),
    byte_offset: Type.Union([Type.Integer(), Type.Null()], {
      description:
        'Where in the file, decompressed, the record begins. Null where the file is not UTF-8 or its line ends differ.',
    }),
    column: Type.Union([Type.String(), Type.Null()], { description: 'Null where the record as a whole is to blame.' }),
    code: Type.String({ examples: ['not_integer', 'wrong_field_count'] }),
    message: Type.String(),
    text: Type.String({ description: 'The value, or the record; long ones are cut.' }),
  },
  { title: 'Reject' },
);

const CORRECTING =
  'Mend them, and send them as a file with the option `corrects=<this upload>`: the header Link (RFC 8288) names the address.';

/** Where the mended rows are sent. */
function correctionLink({ id, customerId }: Upload): string {
  return `</api/v1/customers/${customerId}/uploads?corrects=${id}>; rel="edit-media"; title="PUT the mended rows here"`;
}

/** One upload: what became of it, its rejects, trying it again, taking it back. */
export function uploadRoutes(deps: UploadDeps): FastifyPluginAsyncTypebox {
  const { ingest } = deps;
  return async (app) => {
    app.get(
      '/api/v1/uploads/:id',
      {
        config: { right: 'read' },
        schema: {
          tags: ['uploads'],
          summary: 'See what became of an upload',
          operationId: 'getUpload',
          params: UploadParams,
          response: { 200: UploadRef, ...problemReplySchemas },
        },
      },
      async (request) => {
        const { upload } = await request.scope.upload(request.params.id);
        return uploadJson(upload, ingest.progressOf(upload));
      },
    );

    app.get(
      '/api/v1/uploads/:id/events',
      {
        config: { right: 'read' },
        schema: {
          tags: ['uploads'],
          summary: 'Follow an upload to its end',
          description:
            'Server-sent events: `progress` whenever something has changed, then `end`, each with the upload as JSON; or `gone` with the problem that its sender was told, where the file was refused before it was acknowledged.',
          operationId: 'followUpload',
          params: UploadParams,
          produces: ['text/event-stream'],
          response: {
            200: Type.Unsafe<NodeJS.ReadableStream>({
              description: 'A stream that ends with the upload, or when Thena stops.',
              content: { 'text/event-stream': { schema: Type.String() } },
            }),
            ...problemReplySchemas,
          },
        },
      },
      async (request, reply) => {
        const { access, upload } = await request.scope.upload(request.params.id);
        expectSilence(request.raw);
        reply.header('content-type', 'text/event-stream; charset=utf-8');
        return reply.send(Readable.from(uploadEvents(ingest, access, upload, deps.stopping)));
      },
    );

    app.delete(
      '/api/v1/uploads/:id',
      {
        config: { right: 'upload' },
        schema: {
          tags: ['uploads'],
          summary: 'Take an upload back',
          description:
            'Before its rows are in the table it is cancelled; afterwards it is undone: its rows vanish from every answer at once. One that has failed stays as it is.',
          operationId: 'cancelOrUndoUpload',
          params: UploadParams,
          response: { 200: UploadRef, ...problemReplySchemas },
        },
      },
      async (request) => {
        const { access, upload } = await request.scope.upload(request.params.id);
        const ended = await ingest.cancelOrUndo(access, upload.id);
        return uploadJson(ended, ingest.progressOf(ended));
      },
    );

    app.post(
      '/api/v1/uploads/:id/retry',
      {
        config: { right: 'upload' },
        schema: {
          tags: ['uploads'],
          summary: 'Try a failed upload again, with other options',
          description:
            'The bytes that were kept are received anew, as an upload of its own whose `retry_of` names this one. Options that are not given stay as they were.',
          operationId: 'retryUpload',
          params: UploadParams,
          querystring: Type.Object(UploadOptionsQuery.properties, { additionalProperties: false }),
          headers: uploadHeaders(),
          response: uploadReplySchemas,
        },
      },
      async (request, reply) => {
        const { access, upload } = await request.scope.upload(request.params.id);
        const again = await ingest.retry(access, upload.id, readChangedOptions(request.query));
        return replyWithUpload(deps, { access, upload: again }, request, reply);
      },
    );

    app.get(
      '/api/v1/uploads/:id/rejects',
      {
        config: { right: 'read' },
        schema: {
          tags: ['uploads'],
          summary: "List an upload's rejected rows, in the order of the file",
          description: `\`/rejects.csv\` gives the rows themselves. ${CORRECTING}`,
          operationId: 'listRejects',
          params: UploadParams,
          querystring: PageQuery,
          response: { 200: pageOf(RejectSchema), ...problemReplySchemas },
        },
      },
      async (request, reply) => {
        const { upload } = await request.scope.upload(request.params.id);
        const { cursor, limit = 50 } = request.query;
        const { items, nextCursor } = await ingest.rejects.page(upload.id, { after: cursor ?? null, limit });
        reply.header('link', correctionLink(upload));
        return { items: items.map(rejectJson), next_cursor: nextCursor };
      },
    );

    app.get(
      '/api/v1/uploads/:id/rejects.csv',
      {
        config: { right: 'read' },
        schema: {
          tags: ['uploads'],
          summary: "Download an upload's rejected rows as a CSV file, to mend it and send it",
          description: CORRECTING,
          operationId: 'downloadRejects',
          params: UploadParams,
          produces: ['text/csv'],
          response: {
            200: Type.Unsafe<NodeJS.ReadableStream>({
              description: 'UTF-8, below the names of the columns, with the delimiter and the quotes of the file.',
              content: { 'text/csv': { schema: Type.String() } },
            }),
            ...problemReplySchemas,
          },
        },
      },
      async (request, reply) => {
        const { upload } = await request.scope.upload(request.params.id);
        const rows = await ingest.rejects.csv(upload.id);
        reply.header('link', correctionLink(upload));
        reply.header('content-type', 'text/csv; charset=utf-8');
        reply.header('content-disposition', `attachment; filename="rejects-${upload.id}.csv"`);
        return reply.send(rows);
      },
    );
  };
}
