import { Type } from 'typebox';
import { BUCKET_NAMES } from '../../analysis/bucket-names.ts';
import { MEASURES } from '../../analysis/plan-query.ts';

/** A query as the documentation shows it. `analysis/plan-query.ts` checks it, since its failures have to name the place. */
export const QuerySchema = Type.Unsafe<unknown>({
  type: 'object',
  description: 'Measures over groups of rows; see docs/analyses.md.',
  additionalProperties: true,
  properties: {
    measures: {
      type: 'array',
      items: {
        type: 'object',
        required: ['fn'],
        properties: {
          fn: {
            type: 'string',
            enum: MEASURES,
          },
          column: { type: 'string', description: 'May be left out with count: rows are counted.' },
          q: { type: 'number', minimum: 0, maximum: 1, description: 'Of quantile.' },
          by: { type: 'string', description: 'Of first and last: the column of times they go by.' },
          as: { type: 'string', description: 'Name in the result.' },
        },
      },
    },
    group_by: {
      type: 'array',
      items: {
        anyOf: [
          { type: 'string' },
          {
            type: 'object',
            required: ['column'],
            properties: {
              column: { type: 'string' },
              bucket: { type: 'string', enum: BUCKET_NAMES },
              time_zone: { type: 'string', examples: ['Europe/Berlin'] },
              as: { type: 'string' },
            },
          },
        ],
      },
    },
    where: { type: 'object', description: 'A condition on columns of the table.' },
    having: { type: 'object', description: 'A condition on columns of the result.' },
    order_by: {
      type: 'array',
      items: {
        anyOf: [
          { type: 'string' },
          {
            type: 'object',
            required: ['column'],
            properties: {
              column: { type: 'string' },
              direction: { type: 'string', enum: ['asc', 'desc'] },
              nulls: { type: 'string', enum: ['first', 'last'] },
            },
          },
        ],
      },
    },
    limit: { type: 'integer', minimum: 1 },
  },
  examples: [
    {
      measures: [{ fn: 'avg', column: 'value', as: 'mean' }],
      group_by: [{ column: 'timestamp', bucket: 'day', time_zone: 'Europe/Berlin' }],
      where: { column: 'value', op: '>', value: 0 },
      order_by: [{ column: 'mean', direction: 'desc' }],
      limit: 10,
    },
  ],
});
