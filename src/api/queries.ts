import { type Static, Type } from 'typebox';
import { oneOf } from './values.ts';

export const MeasureFunction = oneOf(
  ['count', 'count_distinct', 'sum', 'avg', 'min', 'max', 'median', 'quantile', 'stddev', 'first', 'last'],
  { $id: 'MeasureFunction', description: 'Nulls are ignored, except by `count` without a column.' },
);
export type MeasureFunction = Static<typeof MeasureFunction>;

/** Lengths of time buckets, shortest first. */
export const BucketName = oneOf(
  [
    'second',
    '5 seconds',
    '10 seconds',
    '15 seconds',
    '30 seconds',
    'minute',
    '5 minutes',
    '10 minutes',
    '15 minutes',
    '30 minutes',
    'hour',
    '2 hours',
    '3 hours',
    '4 hours',
    '6 hours',
    '8 hours',
    '12 hours',
    'day',
    'week',
    'month',
    'quarter',
    'year',
  ],
  { description: 'Length of a time bucket. Weeks start on Monday.' },
);
export type BucketName = Static<typeof BucketName>;

const columnOfTable = Type.String({ description: 'A column of the table. Column names are case-insensitive.' });
const columnOfResult = Type.String({ description: 'A column of the result. Column names are case-insensitive.' });
const as = Type.Optional(Type.String({ minLength: 1, maxLength: 255, description: 'Column name in the result.' }));

const TimeZone = Type.String({
  description: 'IANA time zone in which buckets start and end. Default: UTC. Not allowed for date columns.',
  examples: ['Europe/Berlin'],
});

export const Measure = Type.Object(
  {
    fn: MeasureFunction,
    column: Type.Optional(Type.String({ description: 'A column of the table. `count` without a column counts rows.' })),
    q: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: '`quantile` only, and required: the quantile.' }),
    ),
    by: Type.Optional(
      Type.String({
        description: '`first` and `last` only: the date or timestamp column to order by. Default: the time column.',
      }),
    ),
    approximate: Type.Optional(
      Type.Boolean({
        default: false,
        description:
          '`median`, `quantile` and `count_distinct` only, and without `group_by`: of more than 5 million values, use a sample, whose error is in `approximate` of the result.',
      }),
    ),
    as,
  },
  { $id: 'Measure', title: 'Measure', additionalProperties: false },
);
export type Measure = Static<typeof Measure>;

export const Group = Type.Union(
  [
    columnOfTable,
    Type.Object(
      {
        column: columnOfTable,
        bucket: Type.Optional(
          Type.Union([
            BucketName,
            Type.Number({
              exclusiveMinimum: 0,
              description:
                'Width of a bucket of numbers; an integer for integer columns. The value is its lower bound.',
            }),
          ]),
        ),
        buckets: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 1000,
            description:
              'Number of buckets of equal width between the least and the greatest number of the selected rows. The result has their lower bounds, and their upper bounds in a column named with the suffix `_end`.',
          }),
        ),
        time_zone: Type.Optional(TimeZone),
        as,
      },
      { additionalProperties: false },
    ),
  ],
  {
    $id: 'Group',
    title: 'Group',
    description:
      'Rows with the same value form a group; with `bucket` or `buckets`, rows whose time or number is in the same bucket.',
  },
);
export type Group = Static<typeof Group>;

const Scalar = Type.Union([Type.Number(), Type.String(), Type.Boolean()]);
const operand = {
  column: Type.String({ description: 'In `where` a column of the table, in `having` one of the result.' }),
};
const closed = { additionalProperties: false };
const conditions = Type.Array(Type.Ref('Condition'), { minItems: 1, maxItems: 500 });

/** A condition on rows. Conditions nest at most 20 deep. */
export const Condition = Type.Cyclic(
  {
    Condition: Type.Union(
      [
        Type.Object({ and: conditions }, closed),
        Type.Object({ or: conditions }, closed),
        Type.Object({ not: Type.Ref('Condition') }, closed),
        Type.Object({ ...operand, op: oneOf(['=', '!=', '<', '<=', '>', '>=']), value: Scalar }, closed),
        Type.Object(
          {
            ...operand,
            op: Type.Literal('between'),
            value: Type.Array(Scalar, { minItems: 2, maxItems: 2, description: 'Lower and upper bound, inclusive.' }),
          },
          closed,
        ),
        Type.Object(
          { ...operand, op: Type.Literal('in'), value: Type.Array(Scalar, { minItems: 1, maxItems: 1000 }) },
          closed,
        ),
        Type.Object(
          {
            ...operand,
            op: Type.Literal('like'),
            value: Type.String({
              maxLength: 1000,
              description: '`%` matches any text, `_` one character; `\\` escapes them.',
            }),
          },
          closed,
        ),
        Type.Object({ ...operand, op: oneOf(['is null', 'is not null']) }, closed),
      ],
      {
        title: 'Condition',
        description: 'As in SQL, a comparison with null is neither true nor false.',
        examples: [
          {
            and: [
              { column: 'amount', op: '>', value: 0 },
              { column: 'kind', op: 'in', value: ['a', 'b'] },
            ],
          },
        ],
      },
    ),
  },
  'Condition',
);
export type Condition = Static<typeof Condition>;

export const Ordering = Type.Union(
  [
    columnOfResult,
    Type.Object(
      {
        column: columnOfResult,
        direction: Type.Optional(oneOf(['asc', 'desc'], { default: 'asc' })),
        nulls: Type.Optional(oneOf(['first', 'last'], { default: 'last' })),
      },
      { additionalProperties: false },
    ),
  ],
  { $id: 'Ordering', title: 'Ordering' },
);
export type Ordering = Static<typeof Ordering>;

export const Query = Type.Object(
  {
    measures: Type.Optional(Type.Array(Measure, { minItems: 1, maxItems: 50 })),
    group_by: Type.Optional(Type.Array(Group, { minItems: 1, maxItems: 10 })),
    where: Type.Optional(Condition),
    having: Type.Optional(Condition),
    order_by: Type.Optional(Type.Array(Ordering, { minItems: 1, maxItems: 60 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, description: 'Maximum number of rows. Default: no limit.' })),
  },
  {
    $id: 'Query',
    title: 'Query',
    description: 'Measures over groups of rows. It must have `measures` or `group_by`. See docs/analyses.md.',
    additionalProperties: false,
    examples: [
      {
        measures: [{ fn: 'avg', column: 'amount', as: 'mean' }],
        group_by: [{ column: 'event_time', bucket: 'day', time_zone: 'Europe/Berlin' }],
        where: { column: 'amount', op: '>', value: 0 },
        order_by: [{ column: 'mean', direction: 'desc' }],
        limit: 10,
      },
    ],
  },
);
export type Query = Static<typeof Query>;
