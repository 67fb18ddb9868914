import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Customer } from '../../catalog/customer.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { tableEmpty } from '../../model/not-found.ts';
import { CustomerParams } from '../customers/customer-json.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { TableSchema, tableJson } from './table-json.ts';

export interface TableDeps {
  customer(access: CustomerAccess): Promise<Customer>;
}

export function tableRoutes(deps: TableDeps): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/table',
      {
        config: { right: 'read' },
        schema: {
          tags: ['table'],
          summary: "See a customer's table: columns, rows, first and latest time",
          operationId: 'getTable',
          params: CustomerParams,
          response: {
            200: Type.Object({ customer_id: Type.String(), ...TableSchema.properties }),
            ...problemReplySchemas,
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
