import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CustomerEvent } from '../../api/customer-events.ts';
import { CustomerParams } from '../../api/customer-id.ts';
import { CUSTOMER_PROBLEMS, FOLLOWERS } from '../access/access.ts';
import { streamResponse } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { type CustomerEventsDeps, customerEvents } from './customer-events.ts';

const KEEP_ALIVE_MS = 15_000;

/** `/customers/{id}/events`. */
export function customerEventsRoutes(
  deps: Omit<CustomerEventsDeps, 'keepAliveMs' | 'ends'> & { readonly idleMs: number; readonly stopping: AbortSignal },
): FastifyPluginAsyncTypebox {
  // A connection is closed if it is idle for longer, also because its client reads nothing.
  const keepAliveMs = Math.min(KEEP_ALIVE_MS, deps.idleMs / 3);
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/events',
      {
        config: { right: FOLLOWERS, problems: [...CUSTOMER_PROBLEMS, 'too_many_streams'] },
        // A HEAD request would open a stream and discard it.
        exposeHeadRoute: false,
        schema: {
          tags: ['Uploads'],
          summary: 'Follow a customer',
          description:
            'Streams what happens to the uploads and the table of a customer as server-sent events: first every unfinished upload and the table, then changes, at most four per second and upload. After a reconnection it starts again with the current state. The schema below is of one event. See docs/events.md.',
          operationId: 'followCustomer',
          params: CustomerParams,
          response: { 200: streamResponse('The events.', { 'text/event-stream': CustomerEvent }) },
        },
      },
      async (request, reply) => {
        const access = await request.scope.customer(request.params.id);
        const ends = AbortSignal.any([deps.stopping, disconnectSignal(request, reply)]);
        const events = customerEvents({ ...deps, ends, keepAliveMs }, access, request.scope.confirm);
        // Refuses a stream that is one too many with a problem.
        const { value: first = '' } = await events.next();
        reply.header('content-type', 'text/event-stream; charset=utf-8');
        // nginx would collect events.
        reply.header('x-accel-buffering', 'no');
        // The stream ends the events, however early the client disconnects, since they have begun.
        const stream = Readable.from(events, { highWaterMark: 1 });
        stream.unshift(first);
        return reply.send(stream);
      },
    );
  };
}
