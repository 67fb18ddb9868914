import swagger from '@fastify/swagger';
import type { FastifyInstance, FastifySchema, RouteOptions } from 'fastify';
import { WebhookEvent } from '../../api/webhooks.ts';
import type { Config } from '../../config.ts';
import { type Components, withReferences } from './components.ts';
import { problemResponses } from './problem-responses.ts';

const INFO = {
  title: 'Thena',
  version: '1',
  description:
    'Upload high-volume CSV files, one table per customer, and run analyses on them. Errors are problem documents (RFC 9457) with a stable `code`.',
};

const TAGS = [
  { name: 'Uploads', description: 'CSV files and what became of their rows.' },
  { name: 'Resumable uploads', description: 'Files sent in several requests, with the tus 1.0 protocol.' },
  { name: 'Analyses', description: 'Aggregates and queries over a table.' },
  { name: 'Links', description: 'Results and tables as files that other programs open.' },
  { name: 'Tables', description: 'The rows of a customer.' },
  { name: 'Customers', description: 'The owners of tables, and their API keys.' },
  { name: 'Webhooks', description: 'Events that are sent to other systems.' },
  { name: 'Sessions', description: 'How browsers call the API without keeping a key.' },
  { name: 'Server', description: 'Health and metrics.' },
];

const SCHEMES = {
  key: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key. Required if the server runs with THENA_AUTH=keys.',
  },
  password: { type: 'http', scheme: 'basic', description: 'An API key as the password. The user name may be any.' },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: 'thena_session',
    description: 'A session of a browser, opened with an API key.',
  },
} as const;

/** Describes every route that is added after this as an OpenAPI 3.1 document: `app.swagger()`. */
export async function describeRoutes(app: FastifyInstance, { auth }: Pick<Config, 'auth'>): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: INFO,
      servers: [{ url: '/' }],
      tags: TAGS,
      components: { securitySchemes: SCHEMES },
    },
    // OpenAPI 3.1 has `const`.
    convertConstToEnum: false,
    transform: ({ schema, url, route, ...document }) => {
      if (!('openapiObject' in document) || schema?.hide) return { schema, url };
      const components = (document.openapiObject.components?.schemas ?? {}) as Components;
      return { schema: describe(schema, route, components, auth), url };
    },
    transformObject: (document) => {
      const { openapiObject } = document as Extract<typeof document, { openapiObject: unknown }>;
      const { schemas = {}, ...components } = openapiObject.components ?? {};
      const webhooks = { event: describeEvent(schemas as Components) };
      const sorted = Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => (a < b ? -1 : 1)));
      return { ...openapiObject, webhooks, components: { ...components, schemas: sorted } } as typeof openapiObject;
    },
  });
}

/** The schema of a route with references to the components, all responses, and whether it requires a key. */
function describe(
  schema: FastifySchema,
  route: RouteOptions,
  components: Components,
  auth: Config['auth'],
): FastifySchema {
  const { params, querystring, headers, body, response, ...about } = schema;
  const { right, problems = [] } = route.config ?? {};
  const input = Object.fromEntries(
    Object.entries({ params, querystring, headers, body })
      .filter(([, part]) => part !== undefined)
      .map(([name, part]) => [name, withReferences(part, components)]),
  );
  const hasJsonBody = body !== undefined && schema.consumes === undefined;
  const documented = { right, problems, hasJsonBody, hasInput: querystring !== undefined || hasJsonBody };
  const responses = Object.entries({ ...(response as object), ...problemResponses(documented, auth) });
  const mediaType = schema.produces?.[0] ?? 'application/json';
  return {
    ...about,
    ...input,
    response: Object.fromEntries(
      responses.map(([status, each]) => [status, describeResponse(each, mediaType, components)]),
    ),
    security: auth === 'open' || right === 'public' ? [] : [{ key: [] }, { password: [] }, { session: [] }],
  };
}

/** The request that Thena sends to webhooks. */
function describeEvent(components: Components) {
  const headers = {
    'webhook-id': 'The same for every attempt to deliver an event.',
    'webhook-timestamp': 'When it was sent, in seconds since 1970.',
    'webhook-signature': 'See https://www.standardwebhooks.com. Verify it with the secret of the webhook.',
  };
  return {
    post: {
      tags: ['Webhooks'],
      summary: 'An event',
      operationId: 'webhookEvent',
      parameters: Object.entries(headers).map(([name, description]) => {
        return { in: 'header', name, required: true, description, schema: { type: 'string' } };
      }),
      requestBody: {
        required: true,
        content: { 'application/json': { schema: withReferences(WebhookEvent, components) } },
      },
      responses: {
        '2XX': { description: 'The event is delivered.' },
        410: { description: 'No more events are wanted.' },
      },
      security: [],
    },
  };
}

/** A response in the form that `@fastify/swagger` documents. */
function describeResponse(
  { 'x-response-description': description, headers, content, ...schema }: Record<string, unknown>,
  mediaType: string,
  components: Components,
): Record<string, unknown> {
  const about = { description, ...(headers !== undefined && { headers }) };
  if (schema.type === 'null') return { ...about, type: 'null' };
  return { ...about, content: withReferences(content ?? { [mediaType]: { schema } }, components) };
}
