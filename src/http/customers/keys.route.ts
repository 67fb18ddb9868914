import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import { ApiKeyPage, CreateApiKey, KeyParams, NewApiKey } from '../../api/keys.ts';
import { Problem } from '../../errors.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { newKey } from '../access/api-keys.ts';
import type { CustomerCatalog } from '../access/customer-catalog.ts';
import { emptyResponse, response } from '../openapi/response.ts';
import { apiKeyJson } from './key-json.ts';

export type KeysDeps = Pick<CustomerCatalog, 'addKey' | 'listKeys' | 'revokeKey'>;

/** `/customers/{id}/keys`. */
export function keysRoutes(deps: KeysDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/customers/:id/keys',
      {
        config: { right: 'admin', problems: CUSTOMER_PROBLEMS },
        schema: {
          tags: ['Customers'],
          summary: 'Create an API key',
          operationId: 'createKey',
          params: CustomerParams,
          body: CreateApiKey,
          response: { 201: response(NewApiKey, 'The new key.') },
        },
      },
      async (request, reply) => {
        const access = await request.scope.customer(request.params.id);
        const { label = null, rights = ['read', 'upload', 'undo'] } = request.body;
        const key = newKey();
        const apiKey = await deps.addKey(access, { ...key, label, rights });
        reply.code(201);
        return { ...apiKeyJson(apiKey), key: key.key };
      },
    );

    app.get(
      '/api/v1/customers/:id/keys',
      {
        config: { right: 'admin', problems: CUSTOMER_PROBLEMS },
        schema: {
          tags: ['Customers'],
          summary: 'List API keys',
          description: 'Includes revoked keys. The keys themselves are not shown again.',
          operationId: 'listKeys',
          params: CustomerParams,
          response: { 200: response(ApiKeyPage, 'All keys of the customer.') },
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
        config: { right: 'admin', problems: [...CUSTOMER_PROBLEMS, 'key_not_found'] },
        schema: {
          tags: ['Customers'],
          summary: 'Revoke an API key',
          operationId: 'revokeKey',
          params: KeyParams,
          response: { 204: emptyResponse('The key is revoked.') },
        },
      },
      async (request, reply) => {
        const { id, key_id: keyId } = request.params;
        if (!(await deps.revokeKey(await request.scope.customer(id), keyId))) {
          throw new Problem('key_not_found', `Customer '${id}' has no active key '${keyId}'.`);
        }
        return reply.code(204).send(null);
      },
    );
  };
}
