import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { Config } from '../../config.ts';
import { ProblemSchema } from '../problems/problem-schema.ts';
import { UploadSchema } from '../uploads/upload-json.ts';

/** Swagger UI brings its own scripts and sets styles on elements; nothing comes from elsewhere. */
const DOCS_POLICY = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'script-src': ["'self'"],
  'style-src': ["'self'", "'unsafe-inline'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
  'object-src': ["'none'"],
};

/** Serves `/docs` and `/openapi.json`, which describe the routes that are added after this. */
export async function addDocsPages(app: FastifyInstance, { auth }: Pick<Config, 'auth'>): Promise<void> {
  app.addSchema(ProblemSchema);
  app.addSchema(UploadSchema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Thena',
        version: '1',
        description:
          'Takes high-volume CSV files, one table a customer, and answers analyses of it. Failures are RFC 9457 problems with a stable `code`.',
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'uploads', description: 'Files, and what became of them.' },
        { name: 'analyze', description: 'Answers about a table.' },
        { name: 'table', description: "A customer's table." },
        { name: 'customers', description: 'Who owns a table, and their keys.' },
        { name: 'about', description: 'Thena itself.' },
      ],
      components: {
        securitySchemes: {
          key: { type: 'http', scheme: 'bearer', description: 'A key. Asked for only where Thena runs with keys.' },
        },
      },
    },
    refResolver: { buildLocalReference: (json, _base, _fragment, index) => String(json.$id ?? `Shape${index}`) },
    transform: ({ schema, url, route }) => {
      const open = auth === 'open' || route.config?.right === 'public';
      return { schema: { ...schema, security: open ? [] : [{ key: [] }] }, url };
    },
  });
  await app.register(pages);
}

const pages: FastifyPluginAsync = async (docs) => {
  docs.addHook('onRoute', (route) => {
    route.config = { ...route.config, right: 'public' };
  });
  await docs.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: DOCS_POLICY,
    uiConfig: { deepLinking: true, validatorUrl: null, persistAuthorization: false },
  });
  docs.get('/openapi.json', { schema: { hide: true } }, async () => docs.swagger());
};
