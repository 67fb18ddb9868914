import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Analysis, AnalysisBody } from '../../analysis/analysis.ts';
import { readQueryParameters } from '../../analysis/query-parameters.ts';
import { Analysis as AnalysisJson } from '../../api/analyses.ts';
import { AnalysisLink, LinkParams, QueryLink } from '../../api/links.ts';
import { type ErrorCode, Problem } from '../../errors.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { ANALYSIS_PROBLEMS } from '../analyses/analysis-problems.ts';
import { emptyResponse, streamResponse } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { LINK_FORMATS } from './formats.ts';
import { LINK_HEADERS, LINK_PROBLEMS } from './link-documentation.ts';
import { RenderedAnswers, type Rendering } from './rendered-answers.ts';
import { replyNotModified, sendBytes } from './send-link.ts';
import { stateOf } from './state-of.ts';

export interface AnswerLinksDeps {
  readonly analysis: Pick<Analysis, 'prepare' | 'encode'>;
  readonly resultCacheBytes: number;
}

/** How often an analysis is run if uploads are undone while it runs. */
const MAX_RUNS = 5;

const binary = Type.String({ format: 'binary' });
const CONTENT = {
  'application/json': AnalysisJson,
  'text/csv': binary,
  'application/x-ndjson': binary,
  'application/vnd.apache.parquet': binary,
  'application/vnd.apache.arrow.stream': binary,
};
const RESPONSES = {
  200: streamResponse('The result.', CONTENT, LINK_HEADERS),
  206: streamResponse('The requested range of it.', CONTENT, { ...LINK_HEADERS, 'content-range': 'The range.' }),
  304: emptyResponse('The client has the result for the current version of the table.'),
};
const PROBLEMS: readonly ErrorCode[] = [...CUSTOMER_PROBLEMS, ...ANALYSIS_PROBLEMS, ...LINK_PROBLEMS, 'table_changed'];

/** `/customers/{id}/query.{format}` and `/customers/{id}/analysis.{format}`. */
export function answerLinksRoutes({ analysis, resultCacheBytes }: AnswerLinksDeps): FastifyPluginAsyncTypebox {
  const rendered = new RenderedAnswers(analysis, resultCacheBytes);

  async function reply(
    request: FastifyRequest,
    reply: FastifyReply,
    access: CustomerAccess,
    body: AnalysisBody,
    { name, ...rendering }: Rendering & { readonly name: string },
  ): Promise<FastifyReply> {
    const { format, escapeFormulas } = rendering;
    if (escapeFormulas && format !== 'csv') {
      throw new Problem('bad_request', `escape_formulas requires the format csv; the format is ${format}.`);
    }
    const filename = `thena-${access.customerId}-${name}`;
    const disconnected = disconnectSignal(request, reply);
    for (let runs = 0; runs < MAX_RUNS; runs++) {
      const prepared = await analysis.prepare(access, body);
      const state = stateOf(prepared.identity, format, escapeFormulas);
      const { version, changedAt } = prepared;
      const target = { state, version, changedAt, format: LINK_FORMATS[format], filename };
      const notModified = replyNotModified(request, reply, target);
      if (notModified) return notModified;
      const kept = rendered.find(state);
      if (kept) return sendBytes(request, reply, target, kept);
      const answer = await prepared.answer(() => disconnected);
      if (answer.table.version !== version) continue;
      return sendBytes(request, reply, target, await rendered.render(state, answer, rendering, disconnected));
    }
    throw new Problem('table_changed', `The table changed ${MAX_RUNS} times while it was read.`);
  }

  return async (app) => {
    const query = {
      url: '/api/v1/customers/:id/query.:format',
      config: { right: 'read', isLink: true, problems: PROBLEMS },
    } as const;
    for (const method of ['GET', 'HEAD'] as const) {
      app.route({
        ...query,
        method,
        exposeHeadRoute: false,
        schema: {
          hide: method === 'HEAD',
          tags: ['Links'],
          summary: 'Get the result of a query',
          description:
            'A link that other programs open. The query is in the parameter `q`, as JSON, or in the other parameters (docs/links.md). HEAD, Range and conditional requests are supported.',
          operationId: 'getQueryResult',
          params: LinkParams,
          querystring: QueryLink,
          response: RESPONSES,
        },
        handler: async (request, response) => {
          const { id, format } = request.params;
          const { escape_formulas: escapeFormulas = false, ...parameters } = request.query;
          const access = await request.scope.customer(id);
          const lists = {
            measures: listOf(parameters.measures),
            group_by: listOf(parameters.group_by),
            where: listOf(parameters.where),
            order_by: listOf(parameters.order_by),
          };
          const body: AnalysisBody = (columns) => ({
            query: readQueryParameters({ ...parameters, ...lists }, columns),
          });
          return reply(request, response, access, body, { name: 'query', format, escapeFormulas });
        },
      });

      app.route({
        method,
        url: '/api/v1/customers/:id/analysis.:format',
        exposeHeadRoute: false,
        config: query.config,
        schema: {
          hide: method === 'HEAD',
          tags: ['Links'],
          summary: 'Get the result of an analysis',
          description:
            'A link that other programs open, for the analyze types with their parameters. HEAD, Range and conditional requests are supported. Formats other than JSON have the result as columns and rows (docs/links.md).',
          operationId: 'getAnalysisResult',
          params: LinkParams,
          querystring: AnalysisLink,
          response: RESPONSES,
        },
        handler: async (request, response) => {
          const { id, format } = request.params;
          const { escape_formulas: escapeFormulas = false, analyze_type: type, limit, ...parameters } = request.query;
          const access = await request.scope.customer(id);
          const body = {
            ...parameters,
            analyze_type: /^\d+$/.test(type) ? Number(type) : type,
            ...(limit !== undefined && { limit: Number(limit) }),
          };
          const name = /^\w{1,40}$/.test(type) ? type : 'analysis';
          return reply(request, response, access, body, { name, format, escapeFormulas });
        },
      });
    }
  };
}

function listOf(texts: string | readonly string[] | undefined): readonly string[] {
  return texts === undefined ? [] : [texts].flat();
}
