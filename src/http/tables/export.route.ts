import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import type { TableExport } from '../../analysis/table-exports.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../../table-store/table-store.ts';
import { CustomerParams } from '../customers/customer-json.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { senderGone } from '../requests/sender-gone.ts';
import { expectSilence } from '../requests/unfinished-request.ts';
import { SelectionQuery, selectionOf } from './table-selection.ts';

export interface ExportDeps {
  readonly analysis: Pick<Analysis, 'exports'>;
  /** How long a reader may read nothing. */
  readonly idleMs: number;
  readonly observe: Observe;
}

const FORMATS: Readonly<Record<ExportFormat, { readonly mediaType: string; readonly extension: string }>> = {
  csv: { mediaType: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  ndjson: { mediaType: 'application/x-ndjson', extension: 'ndjson' },
  parquet: { mediaType: 'application/vnd.apache.parquet', extension: 'parquet' },
  arrow: { mediaType: 'application/vnd.apache.arrow.stream', extension: 'arrows' },
};

const content = Object.fromEntries(
  Object.values(FORMATS).map(({ mediaType }) => [
    mediaType.replace(/;.*/, ''),
    { schema: Type.String({ format: 'binary' }) },
  ]),
);

export function exportRoutes(deps: ExportDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/table/export',
      {
        config: { right: 'read' },
        // It would make the whole export, and throw it away.
        exposeHeadRoute: false,
        schema: {
          tags: ['table'],
          summary: "Download a table's rows as a file",
          description: 'All rows of one version, uploads in turn, sent as they are read. See docs/rows.md.',
          operationId: 'exportTable',
          params: CustomerParams,
          querystring: Type.Object(
            {
              ...SelectionQuery,
              format: Type.Optional(Type.Enum([...EXPORT_FORMATS], { default: 'csv' })),
              escape_formulas: Type.Optional(
                Type.Boolean({
                  default: false,
                  description: 'Of CSV: puts a quote before texts that a spreadsheet would take for a formula.',
                }),
              ),
            },
            { additionalProperties: false },
          ),
          response: {
            200: Type.Unsafe<NodeJS.ReadableStream>({ description: 'The file.', content }),
            ...problemReplySchemas,
          },
        },
      },
      async (request, reply) => {
        const gone = senderGone(request, reply);
        const { format = 'csv', escape_formulas: escapeFormulas = false } = request.query;
        if (escapeFormulas && format !== 'csv') {
          throw new Problem('bad_request', `escape_formulas is for csv, and the format is ${format}.`);
        }
        const access = await request.scope.customer(request.params.id);
        const asked = { ...selectionOf(request.query), format, escapeFormulas };
        expectSilence(request.raw);
        const found = await deps.analysis.exports.begin(access, asked, gone);
        const { mediaType, extension } = FORMATS[format];
        // An id is safe in a file name.
        const filename = `thena-${access.customerId}.${extension}`;
        reply.header('content-type', mediaType);
        reply.header('content-disposition', `attachment; filename="${filename}"`);
        reply.header('thena-table-version', String(found.version));
        return reply.send(Readable.from(sent(found, request, gone, deps), { objectMode: false, highWaterMark: 1 }));
      },
    );
  };
}

/** What fails from here on ends the connection without its proper end, so that nobody takes a part for the whole. */
async function* sent(
  { first, rest }: TableExport,
  request: FastifyRequest,
  gone: AbortSignal,
  { idleMs, observe }: ExportDeps,
): AsyncGenerator<Uint8Array> {
  const { socket } = request.raw;
  try {
    socket.setTimeout(idleMs);
    if (first.length > 0) yield first;
    for (;;) {
      // Silence is the engine's while a piece is made, and the reader's until it takes one.
      socket.setTimeout(0);
      const { value, done } = await rest.next();
      socket.setTimeout(idleMs);
      if (done || value === undefined) return;
      if (value.length > 0) yield value;
    }
  } catch (error) {
    if (!gone.aborted) observe({ kind: 'request_failed', requestId: request.id, error: error as Error });
    throw error;
  } finally {
    await rest.return();
  }
}
