import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import { ANALYZE_TYPES } from '../../analysis/analyze-types.ts';
import * as api from '../../api/analyses.ts';
import { AnalyzeTypeList, PARAMETERS } from '../../api/analyze-types.ts';
import { AnalyzeHeaders } from '../../api/running-analyses.ts';
import { Problem } from '../../errors.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { response } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { bodyForDocumentationOnly } from '../requests/documentation-only.ts';
import { ANALYSIS_PROBLEMS } from './analysis-problems.ts';
import { answerJson } from './answer-json.ts';

const TYPES = ANALYZE_TYPES.map(({ number, name, description }) => `- **${number}** \`${name}\`: ${description}`);

/** `/analyze/` and `/analyze/types`. */
export function analyzeRoutes({ analysis }: { readonly analysis: Analysis }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/analyze/',
      {
        config: {
          right: 'read',
          problems: [...CUSTOMER_PROBLEMS, 'customer_id_missing', 'analysis_id_in_use', ...ANALYSIS_PROBLEMS],
        },
        // The analysis reads it: its problems have the location of the error in a query, and the nearest allowed value.
        validatorCompiler: bodyForDocumentationOnly,
        schema: {
          tags: ['Analyses'],
          summary: 'Analyze a table',
          description: `Runs an analysis by its type, or a query (docs/analyses.md). The types are:\n\n${TYPES.join('\n')}`,
          operationId: 'analyze',
          headers: AnalyzeHeaders,
          body: api.AnalyzeRequest,
          response: {
            200: response(api.Analysis, 'The result, and the version of the table that it was computed from.'),
          },
        },
      },
      async (request, reply) => {
        const body: unknown = request.body;
        if (typeof body !== 'object' || body === null || Array.isArray(body)) {
          throw new Problem('bad_request', 'The body is not a JSON object.');
        }
        const { customer_id } = body as { readonly customer_id?: unknown };
        const access = await request.scope.customer(customer_id);
        const id = request.headers['thena-analysis-id']?.toLowerCase();
        return answerJson(await analysis.answer(access, { ...body }, () => disconnectSignal(request, reply), id));
      },
    );

    app.get(
      '/api/v1/analyze/types',
      {
        config: { right: 'public' },
        schema: {
          tags: ['Analyses'],
          summary: 'List analyze types',
          operationId: 'listAnalyzeTypes',
          response: { 200: response(AnalyzeTypeList, 'All types, with the parameters of each.') },
        },
      },
      async () => ({
        items: ANALYZE_TYPES.map((type) => ({ ...type, parameters: { ...PARAMETERS[type.name] } })),
        next_cursor: null,
      }),
    );
  };
}
