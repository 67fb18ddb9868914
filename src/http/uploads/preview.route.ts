import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import { Preview, PreviewQuery } from '../../api/previews.ts';
import { UploadBodyHeaders } from '../../api/upload-options.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { response } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { bodyOf } from '../requests/request-body.ts';
import { FILE_PROBLEMS } from './file-problems.ts';
import { previewJson } from './preview-json.ts';
import { optionNamesOnly, rawQuery, readOptions } from './upload-options.ts';

/** `/customers/{id}/preview`: how a file would be read, from its first bytes. */
export function previewRoutes({ ingest }: { readonly ingest: Pick<Ingest, 'preview'> }): FastifyPluginAsyncTypebox {
  return async (app) => {
    // In this plugin, a body of any content type is a stream of bytes.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (_request, _payload, done) => done(null));

    app.post(
      '/api/v1/customers/:id/preview',
      {
        config: {
          right: 'upload',
          problems: [
            ...CUSTOMER_PROBLEMS,
            ...FILE_PROBLEMS,
            'body_too_large',
            'declared_type_conflict',
            'time_column_unknown',
            'unsupported_media_type',
          ],
        },
        validatorCompiler: optionNamesOnly,
        schema: {
          tags: ['Uploads'],
          summary: 'Preview a CSV file',
          description:
            'Reads the first bytes of a file, at most 1 MiB, as an upload with the same options would, and stores nothing. The body may be compressed, and may end anywhere. What the whole file would be refused with is the response, except for values with several readings (`questions`) and columns that differ (`table`).',
          operationId: 'previewFile',
          consumes: ['text/csv', 'application/octet-stream'],
          params: CustomerParams,
          headers: UploadBodyHeaders,
          querystring: PreviewQuery,
          body: Type.String({ format: 'binary' }),
          response: { 200: response(Preview, 'How the file would be read.') },
        },
      },
      async (request, reply) => {
        const {
          filename: _,
          complete,
          ...raw
        } = rawQuery(request) as ReturnType<typeof rawQuery> & Pick<PreviewQuery, 'complete'>;
        const options = readOptions(raw);
        const access = await request.scope.customerForUpload(request.params.id);
        const preview = await ingest.preview(access, {
          options,
          bytes: bodyOf(request.raw),
          contentEncoding: request.headers['content-encoding'] ?? null,
          isWhole: complete === undefined ? null : complete === 'true',
          disconnected: disconnectSignal(request, reply),
        });
        return previewJson(preview);
      },
    );
  };
}
