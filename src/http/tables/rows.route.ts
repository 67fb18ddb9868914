import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import { CustomerParams } from '../../api/customer-id.ts';
import { DEFAULT_ROWS_LIMIT, RowsPage, RowsQuery } from '../../api/rows.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { response } from '../openapi/response.ts';
import { disconnectSignal } from '../requests/disconnect.ts';
import { columnJson } from './column-json.ts';
import { READ_PROBLEMS, selectionOf } from './selection.ts';

/** `/customers/{id}/table/rows`. */
export function rowsRoutes({ pages }: Pick<Analysis, 'pages'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/table/rows',
      {
        config: {
          right: 'read',
          problems: [...CUSTOMER_PROBLEMS, ...READ_PROBLEMS, 'cursor_outdated', 'too_many_analyses'],
        },
        schema: {
          tags: ['Tables'],
          summary: 'List rows',
          description:
            'Rows are listed upload by upload, in a stable order, from a cursor or a row number. See docs/rows.md.',
          operationId: 'listRows',
          params: CustomerParams,
          querystring: RowsQuery,
          response: { 200: response(RowsPage, 'One page of rows.') },
        },
      },
      async (request, reply) => {
        const { limit = DEFAULT_ROWS_LIMIT, cursor = null, offset: from = null } = request.query;
        const access = await request.scope.customer(request.params.id);
        const { customerId, columns, rows, offset, nextCursor, table } = await pages.page(
          access,
          { ...selectionOf(request.query), limit, cursor, offset: from },
          disconnectSignal(request, reply),
        );
        return {
          customer_id: customerId,
          columns: columns.map(columnJson),
          rows,
          offset,
          total_rows: table.rows,
          next_cursor: nextCursor,
          table,
        };
      },
    );
  };
}
