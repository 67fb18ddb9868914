import { randomUUID } from 'node:crypto';
import multipart from '@fastify/multipart';
import fastify, { type FastifyInstance } from 'fastify';
import { createAnalysis } from '../analysis/analysis.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config.ts';
import { Problem } from '../errors.ts';
import type { Observe } from '../events.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { TableStore } from '../table-store/table-store.ts';
import type { Webhooks } from '../webhooks/webhooks.ts';
import { type Diagnosis, diagnosticsRoutes } from './about/diagnostics.route.ts';
import { docsRoutes } from './about/docs.route.ts';
import { healthRoutes } from './about/health.route.ts';
import { guardRequests, refuseUnguardedRoutes } from './access/access.ts';
import { customerCatalog } from './access/customer-catalog.ts';
import { sessionRoutes } from './access/session.route.ts';
import { analyzeRoutes } from './analyses/analyze.route.ts';
import { runningAnalysesRoutes } from './analyses/running-analyses.route.ts';
import { customersRoutes } from './customers/customers.route.ts';
import { keysRoutes } from './customers/keys.route.ts';
import { answerLinksRoutes } from './links/answer-links.route.ts';
import { describeRoutes } from './openapi/document.ts';
import { pageRoutes } from './page/page.route.ts';
import { answerNotHttp, problemReplies } from './problems/problem-reply.ts';
import { refuseUnmetHeaders } from './problems/unmet-headers.ts';
import { answerUnrouted } from './problems/unrouted.ts';
import { ignoreTypeOfEmptyBodies } from './requests/empty-body.ts';
import { strictIntegers } from './requests/strict-integers.ts';
import { exportRoutes } from './tables/export.route.ts';
import { rowsRoutes } from './tables/rows.route.ts';
import { tableRoutes } from './tables/table.route.ts';
import { tusRoutes } from './tus/tus.route.ts';
import { customerEventsRoutes } from './uploads/customer-events.route.ts';
import { manageUploadsRoutes } from './uploads/manage-uploads.route.ts';
import { previewRoutes } from './uploads/preview.route.ts';
import { rejectedRowsRoutes } from './uploads/rejected-rows.route.ts';
import { uploadBodyRoutes } from './uploads/upload-body.route.ts';
import { uploadFormRoutes } from './uploads/upload-form.route.ts';
import { webhooksRoutes } from './webhooks/webhooks.route.ts';

export interface ServerDeps {
  readonly config: Config;
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly ingest: Omit<Ingest, 'close'>;
  readonly webhooks: Omit<Webhooks, 'close'>;
  /** Where exports are written that are sent in parts. */
  readonly exportDirectory: string;
  /** Resolves if the server can serve requests. */
  readonly ready: () => Promise<readonly string[]>;
  /** What an administrator may know of the parts and of other nodes. */
  readonly diagnose: () => Promise<Diagnosis>;
  /** Metrics in the text format of Prometheus. */
  readonly metrics: () => Promise<string>;
  /** The folder of the built web page. */
  readonly pageDirectory: string;
  readonly observe: Observe;
}

/** JSON bodies are small; files are not JSON. */
const MAX_JSON_BYTES = 256 * 1024;
const HEADERS_MS = 20_000;
/** How long running requests may take after the server has begun to stop; then their connections are closed. */
const DRAIN_MS = 6_000;
/** Logged as the status if the client disconnected before there was a response, as in nginx. */
const CLIENT_CLOSED_REQUEST = 499;

/**
 * Builds the HTTP server, which does not listen yet. A request passes `access.ts` (who is calling?), its schema, and the
 * handler in a `*.route.ts`, which gets access to customers from `request.scope`. Errors are answered by `problem-reply.ts`.
 */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const app = newServer(deps);
  await app.register(multipart);
  observeRequests(app, deps.observe);
  addSecurityHeaders(app);
  const stopping = stopGracefully(app);
  refuseUnmetHeaders(app);
  ignoreTypeOfEmptyBodies(app);
  guardRequests(app, deps.config, {
    findCustomer: (id) => deps.catalog.findCustomer(id),
    findKeyByHash: (hash) => deps.catalog.findKeyByHash(hash),
    findSession: (hash) => deps.catalog.findSession(hash),
    findUpload: (id) => deps.ingest.findUpload(id),
  });
  answerUnrouted(app);
  await describeRoutes(app, deps.config);
  await app.register(docsRoutes);
  refuseUnguardedRoutes(app);
  await addApi(app, deps, stopping);
  return app;
}

function newServer({ config, observe }: ServerDeps): FastifyInstance {
  const replyWithProblem = problemReplies(observe);
  const app = fastify({
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 500 },
    bodyLimit: MAX_JSON_BYTES,
    // Closes idle connections. The duration of a request is not limited, since files may be large and clients slow; the
    // reader of an upload limits its rate instead.
    connectionTimeout: config.idleMs,
    requestTimeout: 0,
    return503OnClosing: false, // stopGracefully answers with a problem
    http: { requireHostHeader: false }, // refuseUnmetHeaders answers with a problem
    genReqId: () => randomUUID(),
    frameworkErrors: replyWithProblem,
    clientErrorHandler: answerNotHttp,
  });
  app.server.headersTimeout = HEADERS_MS;
  app.setValidatorCompiler(strictIntegers);
  // Response schemas are documentation, and tests compare them with responses. Handlers' values are sent unchanged.
  app.setSerializerCompiler(() => (reply) => JSON.stringify(reply));
  app.setErrorHandler(replyWithProblem);
  app.removeContentTypeParser('text/plain');
  return app;
}

async function addApi(app: FastifyInstance, deps: ServerDeps, stopping: AbortSignal): Promise<void> {
  const { config, ingest, observe } = deps;
  const customers = customerCatalog(deps.catalog);
  const { catalog, tables, exportDirectory } = deps;
  const analysis = createAnalysis({ ...config, catalog, tables, exportDirectory, observe });
  app.addHook('onClose', () => analysis.close());
  await app.register(uploadFormRoutes({ ...config, ingest, stopping }));
  await app.register(uploadBodyRoutes({ ...config, ingest, stopping }));
  await app.register(manageUploadsRoutes({ ...customers, ingest, stopping }));
  await app.register(previewRoutes({ ingest }));
  await app.register(customerEventsRoutes({ ...config, ingest, catalog: deps.catalog, stopping }));
  await app.register(rejectedRowsRoutes({ ingest }));
  await app.register(tusRoutes({ ...config, ingest }));
  await app.register(customersRoutes({ ...customers, ...config, deleteCustomer: ingest.deleteCustomer }));
  await app.register(keysRoutes(customers));
  await app.register(webhooksRoutes(deps.webhooks, stopping));
  await app.register(sessionRoutes({ ...config, catalog: deps.catalog }));
  await app.register(tableRoutes(customers));
  await app.register(rowsRoutes(analysis));
  await app.register(exportRoutes({ ...config, analysis, observe }));
  await app.register(answerLinksRoutes({ ...config, analysis }));
  await app.register(analyzeRoutes({ analysis }));
  await app.register(runningAnalysesRoutes(analysis));
  await app.register(healthRoutes(deps));
  await app.register(diagnosticsRoutes(deps));
  await app.register(pageRoutes(deps));
}

/** Once the server stops, new requests are refused, waiting requests are answered, and running ones may end. */
function stopGracefully(app: FastifyInstance): AbortSignal {
  const stopping = new AbortController();
  app.addHook('onRequest', async () => {
    if (stopping.signal.aborted) throw new Problem('shutting_down', 'The server accepts no more requests.');
  });
  app.addHook('onSend', async (_request, reply) => {
    // Otherwise the connection is kept alive, and the server waits for it.
    if (stopping.signal.aborted) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    stopping.abort();
    const timer = setTimeout(() => app.server.closeAllConnections(), DRAIN_MS);
    app.server.once('close', () => clearTimeout(timer));
  });
  return stopping.signal;
}

function observeRequests(app: FastifyInstance, observe: Observe): void {
  app.addHook('onRequest', async (request, reply) => {
    const startedAt = performance.now();
    // Not onResponse, which is never called if the client disconnects during the response.
    reply.raw.once('close', () =>
      observe({
        kind: 'request_answered',
        method: request.method,
        route: request.routeOptions.url ?? 'unknown',
        status: reply.raw.headersSent ? reply.raw.statusCode : CLIENT_CLOSED_REQUEST,
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
