import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import { UploadBodyHeaders, UploadBodyQuery } from '../../api/upload-options.ts';
import type { Upload } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { bodyOf, interruption, wasInterrupted } from '../requests/request-body.ts';
import { FILE_PROBLEMS } from './file-problems.ts';
import { idempotencyKey } from './idempotency-key.ts';
import { optionNamesOnly, type RawFileOptions, rawQuery, readCorrects, readOptions } from './upload-options.ts';
import { replyWithUpload, type UploadReplyDeps, uploadReplies } from './upload-reply.ts';

export interface UploadBodyDeps extends UploadReplyDeps {
  readonly ingest: Pick<Ingest, 'receive' | 'waitUntilEnded' | 'progressOf'>;
  readonly maxUploadBytes: number;
}

/** `/customers/{id}/uploads` (PUT and POST): the file is the body of the request. */
export function uploadBodyRoutes(deps: UploadBodyDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    // In this plugin, a body of any content type is a stream of bytes.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));

    for (const method of ['PUT', 'POST'] as const) {
      app.route({
        method,
        url: '/api/v1/customers/:id/uploads',
        config: {
          right: 'upload',
          problems: [
            ...CUSTOMER_PROBLEMS,
            ...FILE_PROBLEMS,
            'file_missing',
            'unsupported_media_type',
            'idempotency_key_invalid',
            'idempotency_key_reused',
          ],
        },
        validatorCompiler: optionNamesOnly,
        schema: {
          tags: ['Uploads'],
          summary: `Upload a CSV file as the body (${method})`,
          description: 'For `curl -T`. PUT and POST do the same.',
          operationId: method === 'PUT' ? 'putUpload' : 'postUpload',
          consumes: ['text/csv', 'application/octet-stream'],
          params: CustomerParams,
          headers: UploadBodyHeaders,
          querystring: UploadBodyQuery,
          body: Type.String({ format: 'binary' }),
          response: uploadReplies,
        },
        handler: async (request, reply) => {
          refuseByHeaders(request, deps.maxUploadBytes);
          const { filename, ...options } = rawQuery(request);
          const received = await receiveBody(deps.ingest, request, request.params.id, filename || null, options);
          return replyWithUpload(deps, received, request, reply);
        },
      });
    }
  };
}

/** Refuses what the headers alone show to be wrong. */
function refuseByHeaders(request: FastifyRequest, maxUploadBytes: number): void {
  const { 'content-type': type = '', 'content-length': length, 'transfer-encoding': transfer } = request.headers;
  if (/^\s*(multipart\/|application\/([^;]*\+)?json)/i.test(type)) {
    const detail = `The content type is ${type.slice(0, 80)}; the body must be the CSV file itself.`;
    throw new Problem('unsupported_media_type', detail);
  }
  if (length === undefined && transfer === undefined) throw new Problem('file_missing', 'The request has no body.');
  if (Number(length) > maxUploadBytes) {
    const detail = `The body has ${length} bytes; a file may have at most ${maxUploadBytes}.`;
    throw new Problem('upload_too_large', detail, { max_bytes: maxUploadBytes });
  }
}

async function receiveBody(
  ingest: UploadBodyDeps['ingest'],
  request: FastifyRequest,
  customerId: string,
  filename: string | null,
  rawOptions: RawFileOptions,
): Promise<{ access: CustomerAccess; upload: Upload }> {
  const options = readOptions(rawOptions);
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
