import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Health, Readiness } from '../../api/health.ts';
import { response } from '../openapi/response.ts';

export interface HealthDeps {
  /** @returns the parts that some requests need and that do not respond. @throws Problem not_ready if no request can be answered */
  readonly ready: () => Promise<readonly string[]>;
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
          description:
            'Checks that the catalog, the engine, the spool and, in a cluster, the ClickHouse servers respond. The catalog and the engine are needed for all requests; others that do not respond are listed.',
          operationId: 'getReadiness',
          response: { 200: response(Readiness, 'The server can serve requests.') },
        },
      },
      async () => {
        const missing = await ready();
        return { status: 'ready' as const, missing: [...missing] };
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
