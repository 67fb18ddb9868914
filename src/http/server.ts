import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox';
import fastify, { type FastifyInstance } from 'fastify';
import { createAnalysis } from '../analysis/analysis.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config.ts';
import { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { TableStore } from '../table-store/table-store.ts';
import { aboutRoutes } from './about/about.route.ts';
import { addDocsPages } from './about/docs-pages.ts';
import { guardRequests, refuseUnguardedRoutes } from './access/access.ts';
import { analyzeRoutes } from './analyses/analyze.route.ts';
import { customerDeps } from './customers/customer-deps.ts';
import { customersRoutes } from './customers/customers.route.ts';
import { keysRoutes } from './customers/keys.route.ts';
import { answerUnrouted } from './problems/allowed-methods.ts';
import { answerNotHttp, problemReplies } from './problems/problem-reply.ts';
import { exportRoutes } from './tables/export.route.ts';
import { rowsRoutes } from './tables/rows.route.ts';
import { tableRoutes } from './tables/table.route.ts';
import { tusRoutes } from './tus/tus.route.ts';
import { uploadRoutes } from './uploads/manage-uploads.route.ts';
import { uploadsRoutes } from './uploads/upload-body.route.ts';
import { eventRoutes } from './uploads/upload-form.route.ts';

export interface ServerDeps {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly ingest: Omit<Ingest, 'close'>;
  /** Resolves when requests can be served. */
  readonly ready: () => Promise<void>;
  /** Prometheus text. */
  readonly metrics: () => Promise<string>;
  readonly observe: Observe;
}

/** JSON bodies are requests about files, never files. */
const JSON_BODY_BYTES = 256 * 1024;
const HEADERS_MS = 20_000;
/** How long requests under way may take once the server stops; then their connections are closed. */
const DRAIN_MS = 6_000;

/**
 * Puts the HTTP side together; it does not listen yet. A request passes, in this order: `access.ts` (who is calling) →
 * its schema → the handler in its `*.route.ts`, which asks its scope for accesses → the reply, or `problem-reply.ts`.
 */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { config, catalog, ingest, observe } = deps;
  const replyWithProblem = problemReplies(observe);
  const app = fastify({
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    bodyLimit: JSON_BODY_BYTES,
    // A socket on which nothing moves is closed; of an upload, who reads the file sees to that. The time a request takes is not limited: files may be large and slow.
    connectionTimeout: config.idleMs,
    requestTimeout: 0,
    return503OnClosing: false, // answered below, as a problem
    genReqId: () => randomUUID(),
    frameworkErrors: replyWithProblem,
    clientErrorHandler: answerNotHttp,
  });
  app.server.headersTimeout = HEADERS_MS;
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  // Schemas of replies document them, and tests compare; what is sent is exactly what the handler gave.
  app.setSerializerCompiler(() => (reply) => JSON.stringify(reply));
  app.setErrorHandler(replyWithProblem);
  app.removeContentTypeParser('text/plain');
  await app.register(multipart);

  observeAnswers(app, observe);
  addSecurityHeaders(app);
  const stopping = stopGently(app);
  guardRequests(app, config, {
    findCustomer: (id) => catalog.findCustomer(id),
    findKeyByHash: (hash) => catalog.findKeyByHash(hash),
    findUpload: (id) => ingest.findUpload(id),
  });
  answerUnrouted(app);
  await addDocsPages(app, config);
  refuseUnguardedRoutes(app);

  const customers = customerDeps(catalog, ingest);
  const { maxColumns, maxUploadBytes, idleMs } = config;
  await app.register(eventRoutes({ ingest, stopping, idleMs }));
  await app.register(uploadsRoutes({ ingest, stopping, maxUploadBytes, listUploads: customers.listUploads }));
  await app.register(uploadRoutes({ ingest, stopping }));
  await app.register(tusRoutes({ ingest, maxUploadBytes }));
  await app.register(customersRoutes({ ...customers, maxColumns }));
  await app.register(keysRoutes(customers));
  await app.register(tableRoutes(customers));
  const analysis = createAnalysis({ ...config, catalog, tables: deps.tables });
  await app.register(analyzeRoutes({ analysis }));
  await app.register(rowsRoutes(analysis));
  await app.register(exportRoutes({ analysis, idleMs, observe }));
  await app.register(aboutRoutes(deps));
  return app;
}

/** New requests are refused from here on, nobody is kept waiting, and what is under way may end. */
function stopGently(app: FastifyInstance): AbortSignal {
  const stopping = new AbortController();
  app.addHook('onRequest', async () => {
    if (stopping.signal.aborted) throw new Problem('shutting_down', 'Thena is stopping and takes no more requests.');
  });
  app.addHook('onSend', async (_request, reply) => {
    // Else the connection would be kept for a next request, and the server would wait for that.
    if (stopping.signal.aborted) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    stopping.abort();
    const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    app.server.once('close', () => clearTimeout(timer));
  });
  return stopping.signal;
}

/** Status of a request whose sender went away before any reply, as nginx counts it. */
const CLIENT_GONE = 499;

function observeAnswers(app: FastifyInstance, observe: Observe): void {
  app.addHook('onRequest', async (request, reply) => {
    const startedAt = performance.now();
    // Not onResponse, which never comes where the sender hangs up on a refusal.
    reply.raw.once('close', () =>
      observe({
        kind: 'request_answered',
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.raw.headersSent ? reply.raw.statusCode : CLIENT_GONE,
        ms: performance.now() - startedAt,
        requestId: request.id,
      }),
    );
  });
}

function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({
      'x-request-id': request.id,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    });
  });
}
