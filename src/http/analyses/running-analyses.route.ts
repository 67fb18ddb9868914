import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import type { RunningAnalysis } from '../../analysis/running-analyses.ts';
import { CustomerParams } from '../../api/customer-id.ts';
import * as api from '../../api/running-analyses.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { emptyResponse, response } from '../openapi/response.ts';

const ANALYSIS_PROBLEMS = [...CUSTOMER_PROBLEMS, 'analysis_not_found'] as const;

/** `/customers/{id}/analyses`. */
export function runningAnalysesRoutes({ running }: Pick<Analysis, 'running'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/analyses',
      {
        config: { right: 'read', problems: CUSTOMER_PROBLEMS },
        schema: {
          tags: ['Analyses'],
          summary: 'List running analyses',
          description: 'Those that wait for others are included. Precomputed and cached results are ready at once.',
          operationId: 'listRunningAnalyses',
          params: CustomerParams,
          response: { 200: response(api.RunningAnalysisList, 'The analyses in progress, oldest first.') },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        return { items: (await running.list(access)).map(runningAnalysisJson), next_cursor: null };
      },
    );

    app.get(
      '/api/v1/customers/:id/analyses/:analysis_id',
      {
        config: { right: 'read', problems: ANALYSIS_PROBLEMS },
        schema: {
          tags: ['Analyses'],
          summary: 'Get a running analysis',
          operationId: 'getRunningAnalysis',
          params: api.AnalysisParams,
          response: { 200: response(api.RunningAnalysis, 'The analysis and its progress.') },
        },
      },
      async (request) => {
        const { id, analysis_id: analysisId } = request.params;
        return runningAnalysisJson(await running.find(await request.scope.customer(id), analysisId));
      },
    );

    app.delete(
      '/api/v1/customers/:id/analyses/:analysis_id',
      {
        config: { right: 'read', problems: ANALYSIS_PROBLEMS },
        schema: {
          tags: ['Analyses'],
          summary: 'Cancel a running analysis',
          description:
            'Its request is answered with `analysis_cancelled`. The query ends, unless another request waits for the same result.',
          operationId: 'cancelAnalysis',
          params: api.AnalysisParams,
          response: { 204: emptyResponse('The analysis is cancelled.') },
        },
      },
      async (request, reply) => {
        const { id, analysis_id: analysisId } = request.params;
        await running.cancel(await request.scope.customer(id), analysisId);
        return reply.code(204).send(null);
      },
    );
  };
}

function runningAnalysisJson({ id, name, startedAt, fractionDone }: RunningAnalysis): api.RunningAnalysis {
  return { id, name, started_at: startedAt.toISOString(), fraction_done: fractionDone };
}
