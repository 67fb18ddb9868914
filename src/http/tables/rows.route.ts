import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import type { RowsPage } from '../../analysis/row-pages.ts';
import { CustomerParams } from '../customers/customer-json.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { senderGone } from '../requests/sender-gone.ts';
import { ColumnSchema } from './table-json.ts';
import { SelectionQuery, selectionOf } from './table-selection.ts';

const JsonValue = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]);

const PageSchema = Type.Object({
  customer_id: Type.String(),
  columns: Type.Array(ColumnSchema),
  rows: Type.Unsafe<RowsPage['rows']>(
    Type.Array(Type.Array(JsonValue), { description: 'May be fewer than the limit: `next_cursor` tells the end.' }),
  ),
  next_cursor: Type.Union([Type.String(), Type.Null()], {
    description: 'Send it as `cursor` to get the next page; null on the last one.',
  }),
  table: Type.Object({ rows: Type.Integer(), version: Type.Integer() }, { description: 'The state that was read.' }),
});

export function rowsRoutes({ pages }: Pick<Analysis, 'pages'>): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.get(
      '/api/v1/customers/:id/table/rows',
      {
        config: { right: 'read' },
        schema: {
          tags: ['table'],
          summary: "Read a table's rows, page by page",
          description: 'Uploads in turn, in an order that stays. See docs/rows.md.',
          operationId: 'listRows',
          params: CustomerParams,
          querystring: Type.Object(
            {
              ...SelectionQuery,
              limit: Type.Optional(
                Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Most rows to give.' }),
              ),
              cursor: Type.Optional(
                Type.String({ minLength: 1, maxLength: 200, description: 'The `next_cursor` of the page before.' }),
              ),
            },
            { additionalProperties: false },
          ),
          response: { 200: PageSchema, ...problemReplySchemas },
        },
      },
      async (request, reply) => {
        const { limit = 100, cursor = null } = request.query;
        const access = await request.scope.customer(request.params.id);
        const page = await pages.page(
          access,
          { ...selectionOf(request.query), limit, cursor },
          senderGone(request, reply),
        );
        const { customerId, columns, rows, nextCursor, table } = page;
        return { customer_id: customerId, columns: [...columns], rows, next_cursor: nextCursor, table };
      },
    );
  };
}
