import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Page } from '../../catalog/page.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { CustomerParams } from '../customers/customer-json.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { withoutBody } from '../requests/body-schema.ts';
import { idempotencyKey } from '../requests/idempotency-key.ts';
import { PageQuery, pageOf } from '../requests/page-schema.ts';
import { bodyOf, interruption, wasInterrupted } from '../requests/unfinished-request.ts';
import { UploadRef, uploadJson } from './upload-json.ts';
import { FileOptionsQuery, type RawFileOptions, readCorrects, readUploadOptions } from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadHeaders, uploadReplySchemas } from './upload-reply.ts';

export interface UploadsDeps extends UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'receive' | 'waitUntilEnded' | 'progressOf'>;
  readonly maxUploadBytes: number;
  listUploads(
    access: CustomerAccess,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<Page<Upload>>;
}

const RawUploadQuery = Type.Object(
  { filename: Type.Optional(Type.String({ maxLength: 255 })), ...FileOptionsQuery.properties },
  { additionalProperties: false },
);

export function uploadsRoutes(deps: UploadsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    await app.register(rawUploadRoutes(deps));

    app.get(
      '/api/v1/customers/:id/uploads',
      {
        config: { right: 'read' },
        schema: {
          tags: ['uploads'],
          summary: "List a customer's uploads, newest first",
          operationId: 'listUploads',
          params: CustomerParams,
          querystring: PageQuery,
          response: { 200: pageOf(UploadRef), ...problemReplySchemas },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        const { cursor, limit = 50 } = request.query;
        const { items, nextCursor } = await deps.listUploads(access, { after: cursor ?? null, limit });
        return {
          items: items.map((upload) => uploadJson(upload, deps.ingest.progressOf(upload))),
          next_cursor: nextCursor,
        };
      },
    );
  };
}

/** A context of its own: here every content type is a stream of bytes, elsewhere only JSON and forms are taken. */
function rawUploadRoutes(deps: UploadsDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));

    for (const method of ['PUT', 'POST'] as const) {
      app.route({
        method,
        url: '/api/v1/customers/:id/uploads',
        config: { right: 'upload' },
        validatorCompiler: withoutBody,
        schema: {
          tags: ['uploads'],
          summary: `Upload a CSV file as the body of a ${method}`,
          operationId: `uploadBodyBy${method === 'PUT' ? 'Put' : 'Post'}`,
          consumes: ['text/csv', 'application/octet-stream'],
          params: CustomerParams,
          headers: uploadHeaders({
            'content-encoding': Type.Optional(Type.String({ description: '`gzip` or `zstd`; seen without it, too.' })),
          }),
          querystring: RawUploadQuery,
          body: Type.String({ format: 'binary' }),
          response: uploadReplySchemas,
        },
        handler: async (request, reply) => {
          refuseUnreadable(request, deps.maxUploadBytes);
          const { filename, ...options } = request.query;
          const received = await receiveBody(deps.ingest, request, request.params.id, filename || null, options);
          return replyWithUpload(deps, received, request, reply);
        },
      });
    }
  };
}

/** What the headers alone show wrong. */
function refuseUnreadable(request: FastifyRequest, maxUploadBytes: number): void {
  const { 'content-type': type = '', 'content-length': length, 'transfer-encoding': transfer } = request.headers;
  if (/^\s*(multipart\/|application\/([^;]*\+)?json)/i.test(type)) {
    throw new Problem('unsupported_media_type', `The body is ${type.slice(0, 80)}; here it is the CSV file itself.`);
  }
  if (length === undefined && transfer === undefined) throw new Problem('file_missing', 'The request has no body.');
  if (Number(length) > maxUploadBytes) {
    const detail = `The body of ${length} bytes is larger than the ${maxUploadBytes} bytes that one upload may have.`;
    throw new Problem('upload_too_large', detail, { max_bytes: maxUploadBytes });
  }
}

async function receiveBody(
  ingest: UploadsDeps['ingest'],
  request: FastifyRequest,
  customerId: string,
  filename: string | null,
  rawOptions: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  const options = readUploadOptions(rawOptions);
  const access = await request.scope.customerForUpload(customerId);
  const file = {
    filename,
    contentEncoding: request.headers['content-encoding'] ?? null,
    expectedBytes: Number(request.headers['content-length'] ?? 0),
    options,
    corrects: readCorrects(rawOptions),
    idempotencyKey: idempotencyKey(request.headers['idempotency-key']),
    caller: request.scope.caller,
  };
  const upload = await ingest.receive(file, {
    bytes: bodyOf(request.raw),
    access,
    causeOf: (failure) => (wasInterrupted(request.raw) ? interruption(failure) : failure),
  });
  return { access, upload };
}
