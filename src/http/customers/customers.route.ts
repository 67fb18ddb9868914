import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import * as api from '../../api/customers.ts';
import { DEFAULT_PAGE_LIMIT, PageQuery } from '../../api/pages.ts';
import type { ApiKey } from '../../catalog/api-key.ts';
import type { Customer } from '../../catalog/customer.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import { CUSTOMER_PROBLEMS, readCustomerId } from '../access/access.ts';
import { type NewKey, newKey } from '../access/api-keys.ts';
import type { CustomerCatalog } from '../access/customer-catalog.ts';
import { emptyResponse, response } from '../openapi/response.ts';
import { customerJson } from './customer-json.ts';
import { checkDeclaration, type Declaration, readDeclaration } from './declaration.ts';
import { apiKeyJson } from './key-json.ts';

export interface CustomersDeps extends Pick<CustomerCatalog, 'admin' | 'customer'> {
  readonly deleteCustomer: Ingest['deleteCustomer'];
  readonly maxColumns: number;
}

/** `/customers` and `/customers/{id}`. */
export function customersRoutes(deps: CustomersDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/customers',
      {
        config: {
          right: 'admin',
          problems: [
            'customer_id_missing',
            'customer_id_invalid',
            'customer_exists',
            'too_many_columns',
            'column_name_invalid',
            'duplicate_column',
            'time_format_unknown',
            'time_column_unknown',
            'time_zone_unknown',
            'upload_option_invalid',
          ],
        },
        schema: {
          tags: ['Customers'],
          summary: 'Create a customer',
          description: 'Also creates an API key with the permissions `read`, `upload` and `undo`.',
          operationId: 'createCustomer',
          body: api.CreateCustomer,
          response: {
            201: response(api.CreatedCustomer, 'The new customer and its key.', { location: 'Path of the customer.' }),
          },
        },
      },
      async (request, reply) => {
        const { customer_id, id = customer_id } = request.body;
        const { key, ...hashed } = newKey();
        const declaration = readDeclaration(request.body);
        const { customer, apiKey } = await create(deps, [customer_id ?? id, id], declaration, hashed);
        reply.code(201).header('location', `/api/v1/customers/${customer.id}`);
        return { customer: customerJson(customer), api_key: { ...apiKeyJson(apiKey), key } };
      },
    );

    app.get(
      '/api/v1/customers',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['Customers'],
          summary: 'List customers',
          operationId: 'listCustomers',
          querystring: PageQuery,
          response: { 200: response(api.CustomerPage, 'Customers in the order of their IDs.') },
        },
      },
      async ({ query: { cursor = null, limit = DEFAULT_PAGE_LIMIT } }) => {
        const { items, nextCursor } = await deps.admin.listCustomers({ after: cursor, limit });
        return { items: items.map(customerJson), next_cursor: nextCursor };
      },
    );

    app.get(
      '/api/v1/customers/:id',
      {
        config: { right: 'read', problems: CUSTOMER_PROBLEMS },
        schema: {
          tags: ['Customers'],
          summary: 'Get a customer',
          operationId: 'getCustomer',
          params: CustomerParams,
          response: { 200: response(api.Customer, 'The customer and the state of its table.') },
        },
      },
      async (request) => customerJson(await deps.customer(await request.scope.customer(request.params.id))),
    );

    app.delete(
      '/api/v1/customers/:id',
      {
        config: { right: 'admin', problems: [...CUSTOMER_PROBLEMS, 'customer_busy'] },
        schema: {
          tags: ['Customers'],
          summary: 'Delete a customer',
          description: 'Deletes its table, uploads and API keys as well.',
          operationId: 'deleteCustomer',
          params: CustomerParams,
          response: { 204: emptyResponse('The customer is deleted.') },
        },
      },
      async (request, reply) => {
        await deps.deleteCustomer(await request.scope.customer(request.params.id));
        return reply.code(204).send(null);
      },
    );
  };
}

/** @throws Problem customer_id_missing, customer_id_invalid, customer_exists, bad_request, and those of `checkDeclaration` */
async function create(
  { admin, maxColumns }: CustomersDeps,
  [rawId, alias]: readonly [unknown, unknown],
  declaration: Declaration,
  key: Pick<NewKey, 'id' | 'hash'>,
): Promise<{ readonly customer: Customer; readonly apiKey: ApiKey }> {
  const id = readCustomerId(rawId);
  if (readCustomerId(alias) !== id)
    throw new Problem('bad_request', '`customer_id` and `id` differ. Send one of them.');
  checkDeclaration(declaration, maxColumns);
  const first = { ...key, label: null, rights: ['read', 'upload', 'undo'] } as const;
  const created = await admin.createCustomerWithKey({ id, ...declaration }, first);
  if (created === 'exists') throw new Problem('customer_exists', `Customer '${id}' already exists.`);
  return created;
}
