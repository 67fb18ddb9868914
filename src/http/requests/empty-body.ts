import type { FastifyInstance } from 'fastify';

/**
 * Lets requests without a body have any content type: HTTP libraries and forms send one with every POST. Routes with a
 * body still refuse other types.
 */
export function ignoreTypeOfEmptyBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async ({ raw: { headers }, routeOptions }) => {
    const isEmpty = headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0;
    if (isEmpty && routeOptions.schema?.body === undefined) delete headers['content-type'];
  });
}
