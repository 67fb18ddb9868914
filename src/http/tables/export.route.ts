import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import type { TableExport } from '../../analysis/table-exports.ts';
import { CustomerParams } from '../../api/customer-id.ts';
import { type ExportFormat, ExportQuery } from '../../api/rows.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { streamResponse } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { disableIdleTimeout } from '../requests/request-body.ts';
import { READ_PROBLEMS, selectionOf } from './selection.ts';

export interface ExportDeps {
  readonly analysis: Pick<Analysis, 'exports'>;
  /** How long the client may read nothing. */
  readonly idleMs: number;
  readonly observe: Observe;
}

const FORMATS: Readonly<Record<ExportFormat, { readonly mediaType: string; readonly extension: string }>> = {
  csv: { mediaType: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  ndjson: { mediaType: 'application/x-ndjson', extension: 'ndjson' },
  parquet: { mediaType: 'application/vnd.apache.parquet', extension: 'parquet' },
  arrow: { mediaType: 'application/vnd.apache.arrow.stream', extension: 'arrows' },
};

const FILE = streamResponse(
  'The file.',
  Object.fromEntries(
    Object.values(FORMATS).map(({ mediaType }) => [mediaType.replace(/;.*/, ''), Type.String({ format: 'binary' })]),
  ),
  { 'content-disposition': 'A file name.', 'thena-table-version': 'The exported version of the table.' },
);

/** `/customers/{id}/table/export`. */
export function exportRoutes(deps: ExportDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/table/export',
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, ...READ_PROBLEMS, 'too_many_exports', 'disk_full'] },
        // A HEAD request would run the whole export and discard it.
        exposeHeadRoute: false,
        schema: {
          tags: ['Tables'],
          summary: 'Export a table',
          description:
            'Streams all rows of one version of the table, upload by upload. If the export fails, the connection is closed before the end of the response. See docs/rows.md.',
          operationId: 'exportTable',
          params: CustomerParams,
          querystring: ExportQuery,
          response: { 200: FILE },
        },
      },
      async (request, reply) => {
        const disconnected = disconnectSignal(request, reply);
        const { format = 'csv', escape_formulas: escapeFormulas = false } = request.query;
        if (escapeFormulas && format !== 'csv') {
          throw new Problem('bad_request', `escape_formulas requires format=csv; the format is ${format}.`);
        }
        const access = await request.scope.customer(request.params.id);
        disableIdleTimeout(request.raw);
        const selected = { ...selectionOf(request.query), format, escapeFormulas };
        const started = await deps.analysis.exports.begin(access, selected, disconnected);
        const { mediaType, extension } = FORMATS[format];
        // A customer ID is safe in a file name.
        const filename = `thena-${access.customerId}.${extension}`;
        reply.header('content-type', mediaType);
        reply.header('content-disposition', `attachment; filename="${filename}"`);
        reply.header('thena-table-version', String(started.version));
        const chunks = streamed(started, request, disconnected, deps);
        return reply.send(Readable.from(chunks, { objectMode: false, highWaterMark: 1 }));
      },
    );
  };
}

/** A failure closes the connection without the last chunk, so that the client does not take a part for the whole. */
async function* streamed(
  { first, rest }: TableExport,
  request: FastifyRequest,
  disconnected: AbortSignal,
  { idleMs, observe }: ExportDeps,
): AsyncGenerator<Uint8Array> {
  const { socket } = request.raw;
  try {
    socket.setTimeout(idleMs);
    if (first.length > 0) yield first;
    for (;;) {
      // The connection may be idle while the engine makes a chunk, but not while the client should read one.
      socket.setTimeout(0);
      const { value, done } = await rest.next();
      socket.setTimeout(idleMs);
      if (done || value === undefined) return;
      if (value.length > 0) yield value;
    }
  } catch (error) {
    if (!disconnected.aborted) observe({ kind: 'request_failed', requestId: request.id, error: error as Error });
    throw error;
  } finally {
    await rest.return();
  }
}
