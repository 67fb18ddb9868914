import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { Problem } from '../../errors.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';

export interface AboutDeps {
  /** Resolves when requests can be served. */
  readonly ready: () => Promise<void>;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
}

export function aboutRoutes({ ready, metrics }: AboutDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get('/', { config: { right: 'public' }, schema: { hide: true } }, (_request, reply) => reply.redirect('/docs'));

    app.get(
      '/healthz',
      {
        config: { right: 'public' },
        schema: {
          tags: ['about'],
          summary: 'Whether the process lives',
          operationId: 'getHealth',
          response: { 200: Type.Object({ status: Type.Literal('ok') }), ...problemReplySchemas },
        },
      },
      async () => ({ status: 'ok' as const }),
    );

    app.get(
      '/readyz',
      {
        config: { right: 'public' },
        schema: {
          tags: ['about'],
          summary: 'Whether requests can be served: catalog and engine answer',
          operationId: 'getReadiness',
          response: { 200: Type.Object({ status: Type.Literal('ready') }), ...problemReplySchemas },
        },
      },
      async () => {
        try {
          await ready();
        } catch (cause) {
          throw new Problem('not_ready', 'The catalog or the engine does not answer.', {}, { cause });
        }
        return { status: 'ready' as const };
      },
    );

    app.get(
      '/metrics',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['about'],
          summary: 'Metrics for Prometheus',
          operationId: 'getMetrics',
          produces: ['text/plain'],
          response: {
            200: Type.Unsafe<string>({ description: 'Text.', content: { 'text/plain': { schema: Type.String() } } }),
            ...problemReplySchemas,
          },
        },
      },
      async (_request, reply) => {
        reply.type('text/plain; version=0.0.4; charset=utf-8');
        return metrics();
      },
    );
  };
}
