import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import type { TableExport } from '../../analysis/table-exports.ts';
import { CustomerParams } from '../../api/customer-id.ts';
import { ExportLinkParams } from '../../api/links.ts';
import { ExportLink, ExportQuery } from '../../api/rows.ts';
import { Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { EXPORT_FORMATS } from '../../table-store/table-store.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { LINK_FORMATS } from '../links/formats.ts';
import { LINK_HEADERS, LINK_PROBLEMS } from '../links/link-documentation.ts';
import { describing, replyNotModified, sendBytes } from '../links/send-link.ts';
import { stateOf } from '../links/state-of.ts';
import { emptyResponse, streamResponse } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { disableIdleTimeout } from '../requests/request-body.ts';
import { READ_PROBLEMS, selectionOf } from './selection.ts';

export interface ExportDeps {
  readonly analysis: Pick<Analysis, 'exports' | 'files'>;
  /** How long the client may read nothing. */
  readonly idleMs: number;
  readonly observe: Observe;
}

const CONTENT = Object.fromEntries(
  EXPORT_FORMATS.map((format) => [
    LINK_FORMATS[format].mediaType.replace(/;.*/, ''),
    Type.String({ format: 'binary' }),
  ]),
);
const RESPONSES = {
  200: streamResponse('The file.', CONTENT, LINK_HEADERS),
  206: streamResponse('The requested range of it.', CONTENT, { ...LINK_HEADERS, 'content-range': 'The range.' }),
  304: emptyResponse('The client has the current version of the table.'),
};
const DESCRIPTION =
  'All rows of one version of the table, upload by upload. HEAD and conditional requests are supported, and Range for Parquet and Arrow. If the export fails while it is sent, the connection is closed before the end of the response. See docs/rows.md.';

/** `/customers/{id}/export`, `/customers/{id}/export.{format}` and `/customers/{id}/table/export`. */
export function exportRoutes(deps: ExportDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    const route = {
      config: {
        right: 'read',
        isLink: true,
        problems: [...CUSTOMER_PROBLEMS, ...READ_PROBLEMS, ...LINK_PROBLEMS, 'too_many_exports', 'disk_full'],
      },
      exposeHeadRoute: false,
    } as const;
    for (const method of ['GET', 'HEAD'] as const) {
      const documented = { hide: method === 'HEAD', tags: ['Tables'], description: DESCRIPTION, response: RESPONSES };
      for (const [url, operationId] of [
        ['/api/v1/customers/:id/export', 'getExport'],
        ['/api/v1/customers/:id/table/export', 'exportTable'],
      ] as const) {
        app.route({
          ...route,
          method,
          url,
          schema: {
            ...documented,
            summary: 'Export a table',
            operationId,
            params: CustomerParams,
            querystring: ExportQuery,
          },
          handler: async (request, reply) => sendExport(deps, request, reply, request.params.id, request.query),
        });
      }
      app.route({
        ...route,
        method,
        url: '/api/v1/customers/:id/export.:format',
        schema: {
          ...documented,
          summary: 'Export a table in a format',
          operationId: 'getExportFile',
          params: ExportLinkParams,
          querystring: ExportLink,
        },
        handler: async (request, reply) => {
          const { id, format } = request.params;
          return sendExport(deps, request, reply, id, { ...request.query, format });
        },
      });
    }
  };
}

async function sendExport(
  deps: ExportDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  query: ExportQuery,
): Promise<FastifyReply> {
  const { exports, files } = deps.analysis;
  const { format = 'csv', escape_formulas: escapeFormulas = false } = query;
  if (escapeFormulas && format !== 'csv') {
    throw new Problem('bad_request', `escape_formulas requires format=csv; the format is ${format}.`);
  }
  const access = await request.scope.customer(id);
  const disconnected = disconnectSignal(request, reply);
  const prepared = await exports.prepare(access, { ...selectionOf(query), format, escapeFormulas });
  const { version, changedAt, identity } = prepared;
  const state = stateOf(identity);
  const target = { state, version, changedAt, format: LINK_FORMATS[format], filename: `thena-${access.customerId}` };
  const notModified = replyNotModified(request, reply, target);
  if (notModified) return notModified;
  const isHead = request.method === 'HEAD';
  disableIdleTimeout(request.raw);
  const isPart = isHead || request.headers.range !== undefined;
  if (format === 'parquet' || (format === 'arrow' && (isPart || files.has(identity)))) {
    const file = await files.open(prepared, disconnected);
    request.raw.socket.setTimeout(deps.idleMs);
    return sendBytes(request, reply, target, file);
  }
  const headers = {
    ...describing(target),
    // The text of a version is always the same. The batches of an Arrow stream are not.
    ...(format === 'arrow' ? { 'accept-ranges': 'bytes' } : { 'accept-ranges': 'none', etag: `"${state}"` }),
  };
  if (isHead) return reply.headers(headers).send(Readable.from([]));
  const started = await prepared.begin(disconnected);
  reply.headers(headers);
  const chunks = streamed(started, request, disconnected, deps);
  return reply.send(Readable.from(chunks, { objectMode: false, highWaterMark: 1 }));
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
