import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { ApiKey } from '../../catalog/api-key.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Customer } from '../../catalog/customer.ts';
import { Problem } from '../../errors.ts';
import type { ColumnFormat } from '../../model/columns.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { parseCustomerId } from '../../model/ids.ts';
import type { NewKey } from '../access/api-keys.ts';
import { newKey } from '../access/api-keys.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { PageQuery, pageOf } from '../requests/page-schema.ts';
import { ColumnSchema } from '../tables/table-json.ts';
import { apiKeyJson, CustomerParams, CustomerSchema, customerJson, NewApiKeySchema } from './customer-json.ts';
import { checkDeclaration } from './declaration.ts';

export interface CustomersDeps {
  /** For routes that are the administrator's. */
  readonly admin: Pick<Catalog, 'createCustomer' | 'listCustomers'>;
  readonly maxColumns: number;
  customer(access: CustomerAccess): Promise<Customer>;
  addKey(access: CustomerAccess, key: NewKey & Pick<ApiKey, 'label' | 'rights'>): Promise<ApiKey>;
  /** @throws Problem customer_busy while uploads have not ended */
  deleteCustomer(access: CustomerAccess): Promise<void>;
}

const DeclaredColumn = Type.Object(
  {
    ...ColumnSchema.properties,
    format: Type.Optional(
      Type.Union([Type.String(), Type.Null()], {
        description:
          'How times are written, where not as ISO 8601, as strptime has it. It is tried first, and decides where a date can be read in two ways.',
        examples: ['%d/%m/%Y'],
      }),
    ),
  },
  { additionalProperties: false },
);

const NewCustomer = Type.Object(
  {
    customer_id: Type.Optional(
      Type.Union([Type.Integer(), Type.String()], { description: 'An integer or a UUID, best.', examples: ['1000'] }),
    ),
    id: Type.Optional(Type.Union([Type.Integer(), Type.String()], { description: 'Means the same as customer_id.' })),
    time_column: Type.Optional(
      Type.Union([Type.String({ minLength: 1, maxLength: 255 }), Type.Null()], {
        description:
          'The column that orders the rows in time. Default: the leftmost timestamp, or else the leftmost date.',
      }),
    ),
    columns: Type.Optional(
      Type.Union([Type.Array(DeclaredColumn, { minItems: 1 }), Type.Null()], {
        description: "The table's columns. Default: taken from the first file.",
      }),
    ),
  },
  { additionalProperties: false },
);

export function customersRoutes(deps: CustomersDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/customers',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['customers'],
          summary: 'Create a customer, and a key for it',
          operationId: 'createCustomer',
          body: NewCustomer,
          response: {
            201: Type.Object({ customer: CustomerSchema, api_key: NewApiKeySchema }),
            ...problemReplySchemas,
          },
        },
      },
      async (request, reply) => {
        const { customer_id, id = customer_id, time_column: timeColumn = null, columns = null } = request.body;
        const declared = columns?.map(({ format = null, ...column }) => ({ ...column, format })) ?? null;
        const customer = await create(deps, [customer_id ?? id, id], timeColumn, declared);
        const access = await request.scope.customer(customer.id);
        const key = newKey();
        const apiKey = await deps.addKey(access, { ...key, label: null, rights: ['read', 'upload'] });
        reply.code(201).header('location', `/api/v1/customers/${customer.id}`);
        return { customer: customerJson(customer), api_key: { ...apiKeyJson(apiKey), key: key.key } };
      },
    );

    app.get(
      '/api/v1/customers',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['customers'],
          summary: 'List the customers, by id',
          operationId: 'listCustomers',
          querystring: PageQuery,
          response: { 200: pageOf(CustomerSchema), ...problemReplySchemas },
        },
      },
      async ({ query: { cursor, limit = 50 } }) => {
        const { items, nextCursor } = await deps.admin.listCustomers({ after: cursor ?? null, limit });
        return { items: items.map(customerJson), next_cursor: nextCursor };
      },
    );

    app.get(
      '/api/v1/customers/:id',
      {
        config: { right: 'read' },
        schema: {
          tags: ['customers'],
          summary: 'See a customer',
          operationId: 'getCustomer',
          params: CustomerParams,
          response: { 200: CustomerSchema, ...problemReplySchemas },
        },
      },
      async (request) => customerJson(await deps.customer(await request.scope.customer(request.params.id))),
    );

    app.delete(
      '/api/v1/customers/:id',
      {
        config: { right: 'admin' },
        schema: {
          tags: ['customers'],
          summary: 'Delete a customer with its table, uploads and keys',
          operationId: 'deleteCustomer',
          params: CustomerParams,
          response: { 204: Type.Null({ description: 'It is gone.' }), ...problemReplySchemas },
        },
      },
      async (request, reply) => {
        await deps.deleteCustomer(await request.scope.customer(request.params.id));
        return reply.code(204).send(null);
      },
    );
  };
}

/** @throws Problem customer_id_missing, customer_id_invalid, customer_exists, and those of the declaration */
async function create(
  { admin, maxColumns }: CustomersDeps,
  [rawId, sameId]: readonly [unknown, unknown],
  timeColumn: string | null,
  columns: readonly ColumnFormat[] | null,
): Promise<Customer> {
  if (rawId === undefined) throw new Problem('customer_id_missing', 'The body has no customer_id.');
  const id = parseCustomerId(rawId);
  if (!id) throw new Problem('customer_id_invalid', `${JSON.stringify(rawId).slice(0, 120)} cannot be a customer id.`);
  if (parseCustomerId(sameId) !== id) {
    throw new Problem('bad_request', 'customer_id and id mean the same, and differ. Send one of them.');
  }
  checkDeclaration({ timeColumn, columns }, maxColumns);
  const customer = await admin.createCustomer({ id, timeColumn, columns });
  if (customer === 'exists') throw new Problem('customer_exists', `There is a customer '${id}' already.`);
  return customer;
}
