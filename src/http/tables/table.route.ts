import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import { Table } from '../../api/tables.ts';
import { tableEmpty } from '../../model/not-found.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import type { CustomerCatalog } from '../access/customer-catalog.ts';
import { response } from '../openapi/response.ts';
import { tableJson } from './table-json.ts';

/** `/customers/{id}/table`. */
export function tableRoutes(deps: Pick<CustomerCatalog, 'customer'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/table',
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, 'table_empty'] },
        schema: {
          tags: ['Tables'],
          summary: 'Get a table',
          operationId: 'getTable',
          params: CustomerParams,
          response: {
            200: response(Table, 'The columns of the table, its number of rows, and its first and last times.'),
          },
        },
      },
      async (request) => {
        const { id, table } = await deps.customer(await request.scope.customer(request.params.id));
        if (!table) throw tableEmpty(id);
        return { customer_id: id, ...tableJson(table) };
      },
    );
  };
}
