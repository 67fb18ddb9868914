import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ApiKey } from '../../catalog/api-key.ts';
import { Problem } from '../../errors.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { type NewKey, newKey } from '../access/api-keys.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { pageOf } from '../requests/page-schema.ts';
import { ApiKeySchema, apiKeyJson, CustomerParams, NewApiKeySchema, RightSchema } from './customer-json.ts';

export interface KeysDeps {
  addKey(access: CustomerAccess, key: NewKey & Pick<ApiKey, 'label' | 'rights'>): Promise<ApiKey>;
  listKeys(access: CustomerAccess): Promise<readonly ApiKey[]>;
  revokeKey(access: CustomerAccess, keyId: string): Promise<boolean>;
}

const NewKeyBody = Type.Object(
  {
    label: Type.Optional(
      Type.Union([Type.String({ maxLength: 200 }), Type.Null()], { description: 'What it is for.' }),
    ),
    rights: Type.Optional(
      Type.Array(RightSchema, { minItems: 1, uniqueItems: true, description: 'Default: read and upload.' }),
    ),
  },
  { additionalProperties: false },
);

export function keysRoutes(deps: KeysDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/customers/:id/keys',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['customers'],
          summary: 'Make a key for a customer',
          operationId: 'createKey',
          params: CustomerParams,
          body: NewKeyBody,
          response: { 201: NewApiKeySchema, ...problemReplySchemas },
        },
      },
      async (request, reply) => {
        const access = await request.scope.customer(request.params.id);
        const { label = null, rights = ['read', 'upload'] } = request.body;
        const key = newKey();
        const apiKey = await deps.addKey(access, { ...key, label, rights });
        reply.code(201);
        return { ...apiKeyJson(apiKey), key: key.key };
      },
    );

    app.get(
      '/api/v1/customers/:id/keys',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['customers'],
          summary: "List a customer's keys, without the keys themselves",
          operationId: 'listKeys',
          params: CustomerParams,
          response: { 200: pageOf(ApiKeySchema), ...problemReplySchemas },
        },
      },
      async (request) => {
        const keys = await deps.listKeys(await request.scope.customer(request.params.id));
        return { items: keys.map(apiKeyJson), next_cursor: null };
      },
    );

    app.delete(
      '/api/v1/customers/:id/keys/:key_id',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['customers'],
          summary: 'Revoke a key',
          operationId: 'revokeKey',
          params: Type.Object({
            ...CustomerParams.properties,
            key_id: Type.String({ description: 'The id of the key.' }),
          }),
          response: { 204: Type.Null({ description: 'It opens nothing any more.' }), ...problemReplySchemas },
        },
      },
      async (request, reply) => {
        const { id, key_id: keyId } = request.params;
        if (!(await deps.revokeKey(await request.scope.customer(id), keyId))) {
          throw new Problem('key_not_found', `The customer '${id}' has no key '${keyId}' that is in force.`);
        }
        return reply.code(204).send(null);
      },
    );
  };
}
