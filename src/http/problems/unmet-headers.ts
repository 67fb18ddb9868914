import type { FastifyInstance } from 'fastify';
import { Problem } from '../../errors.ts';

/**
 * Refuses with a problem what Node would answer itself, with an empty body: a request without a Host header, which HTTP/1.1
 * requires, or with several (RFC 9112, section 3.2), and expectations other than 100-continue (RFC 9110, section 10.1.1).
 */
export function refuseUnmetHeaders(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) => app.server.emit('request', request, response));
  app.addHook('onRequest', async ({ raw: { headers, headersDistinct, httpVersion } }) => {
    const hosts = headersDistinct.host?.length ?? 0;
    if (hosts > 1) throw new Problem('bad_request', `The request has ${hosts} Host headers.`);
    if (hosts === 0 && httpVersion !== '1.0') throw new Problem('bad_request', 'The request has no Host header.');
    const { expect } = headers;
    if (expect === undefined || /^100-continue$/i.test(expect)) return;
    throw new Problem('expectation_failed', `The server cannot meet the expectation '${expect.slice(0, 80)}'.`);
  });
}
