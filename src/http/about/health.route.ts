import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Health, Readiness } from '../../api/health.ts';
import { response } from '../openapi/response.ts';

export interface HealthDeps {
  /** Resolves if the server can serve requests. @throws Problem not_ready */
  readonly ready: () => Promise<void>;
  /** Metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
}

/** `/healthz`, `/readyz` and `/metrics`. */
export function healthRoutes({ ready, metrics }: HealthDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/healthz',
      {
        config: { right: 'public' },
        schema: {
          tags: ['Server'],
          summary: 'Check liveness',
          operationId: 'getHealth',
          response: { 200: response(Health, 'The process is running.') },
        },
      },
      async () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        config: { right: 'public', problems: ['not_ready'] },
        schema: {
          tags: ['Server'],
          summary: 'Check readiness',
          description: 'Checks that the catalog, the engine and, in a cluster, ClickHouse and the spool respond.',
          operationId: 'getReadiness',
          response: { 200: response(Readiness, 'The server can serve requests.') },
        },
      },
      async () => {
        await ready();
        return { status: 'ready' as const };
      },
    );

    app.get(
      '/metrics',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['Server'],
          summary: 'Get metrics',
          description: 'In the text format of Prometheus.',
          operationId: 'getMetrics',
          produces: ['text/plain'],
          response: { 200: response(Type.String(), 'The current metrics.') },
        },
      },
      async (_request, reply) => {
        reply.type('text/plain; version=0.0.4; charset=utf-8');
        return metrics();
      },
    );
  };
}
