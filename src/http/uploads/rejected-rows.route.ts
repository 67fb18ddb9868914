import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { DEFAULT_PAGE_LIMIT, PageQuery } from '../../api/pages.ts';
import * as api from '../../api/rejected-rows.ts';
import { UploadParams } from '../../api/uploads.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { quotedDialect, rejectJson } from '../../ingest/spool/rejected-rows.ts';
import type { RejectedRecord } from '../../model/rejected-row.ts';
import { FOLLOWERS } from '../access/access.ts';
import { response, streamResponse } from '../openapi/response.ts';

const CORRECTING =
  'To correct them, fix the rows and upload them as a file with the option `corrects=<upload ID>`. The `Link` header (RFC 8288) has the URL.';
const HEADERS = { link: 'Where to upload the corrected rows, with `rel="edit-media"`.' };

/** `/uploads/{id}/rejects` and `/uploads/{id}/rejects.csv`. */
export function rejectedRowsRoutes({
  ingest,
}: {
  readonly ingest: Pick<Ingest, 'rejects'>;
}): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/uploads/:id/rejects',
      {
        config: { right: FOLLOWERS, problems: ['upload_not_found', 'rejects_not_found', 'spool_unavailable'] },
        schema: {
          tags: ['Uploads'],
          summary: 'List rejected rows',
          description: CORRECTING,
          operationId: 'listRejectedRows',
          params: UploadParams,
          querystring: PageQuery,
          response: { 200: response(api.RejectedRowPage, 'Rejected rows in the order of the file.', HEADERS) },
        },
      },
      async (request, reply) => {
        const { upload } = await request.scope.upload(request.params.id);
        const { cursor = null, limit = DEFAULT_PAGE_LIMIT } = request.query;
        const { items, nextCursor } = await ingest.rejects.page(upload.id, { after: cursor, limit });
        // Only a file that was received has rejected rows.
        const dialect = upload.file?.dialect ?? { delimiter: ',', quote: '' };
        const columns = await ingest.rejects.columns(upload.id, dialect);
        reply.header('link', correctionLink(upload));
        return {
          items: items.map(rejectedRecordJson),
          next_cursor: nextCursor,
          columns: [...columns],
          ...quotedDialect(dialect),
        };
      },
    );

    app.get(
      '/api/v1/uploads/:id/rejects.csv',
      {
        config: { right: FOLLOWERS, problems: ['upload_not_found', 'rejects_not_found', 'spool_unavailable'] },
        schema: {
          tags: ['Uploads'],
          summary: 'Download rejected rows',
          description: `As a CSV file with the header, delimiter and quotes of the uploaded file, in UTF-8. ${CORRECTING}`,
          operationId: 'downloadRejectedRows',
          params: UploadParams,
          response: { 200: streamResponse('The rejected rows.', { 'text/csv': Type.String() }, HEADERS) },
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

function rejectedRecordJson({ record, before, after, ...row }: RejectedRecord): api.RejectedRecord {
  return { ...rejectJson(row), record, before, after };
}

function correctionLink({ id, customerId }: Upload): string {
  return `</api/v1/customers/${customerId}/uploads?corrects=${id}>; rel="edit-media"; title="PUT the corrected rows here"`;
}
