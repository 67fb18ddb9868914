import { type Static, Type } from 'typebox';
import { AnalyzeTypeName, RowsOverTimeParameters, TopValuesParameters } from './analyze-types.ts';
import { Column } from './columns.ts';
import { CustomerId } from './customer-id.ts';
import { Query } from './queries.ts';
import { Rows } from './rows.ts';
import { TableVersion } from './tables.ts';
import { JsonValue, nullable, oneOf } from './values.ts';

const analyzeType = Type.Union([Type.Integer(), Type.String()], {
  description: 'Number, number as a string, or name; case-insensitive. GET /api/v1/analyze/types lists them.',
  examples: [10000, 'time_difference'],
});

export const AnalyzeByType = Type.Object(
  {
    customer_id: CustomerId,
    analyze_type: Type.Optional(analyzeType),
    analyzer_type: Type.Optional(Type.With(analyzeType, { description: 'Alias of `analyze_type`.' })),
    ...RowsOverTimeParameters.properties,
    column: Type.Optional(
      Type.String({ description: '`rows_over_time`: a date or timestamp column. `top_values`, required: any column.' }),
    ),
    limit: TopValuesParameters.properties.limit,
  },
  {
    $id: 'AnalyzeByType',
    title: 'Analysis by type',
    description:
      '`analyze_type` is required. `bucket` and `time_zone` are of `rows_over_time`, `limit` of `top_values`.',
    additionalProperties: false,
  },
);
export type AnalyzeByType = Static<typeof AnalyzeByType>;

export const AnalyzeByQuery = Type.Object(
  { customer_id: CustomerId, query: Query },
  { $id: 'AnalyzeByQuery', title: 'Analysis by query', additionalProperties: false },
);
export type AnalyzeByQuery = Static<typeof AnalyzeByQuery>;

export const AnalyzeRequest = Type.Union([AnalyzeByType, AnalyzeByQuery], {
  $id: 'AnalyzeRequest',
  title: 'Analysis request',
  examples: [{ customer_id: 1000, analyze_type: 10000 }],
});
export type AnalyzeRequest = Static<typeof AnalyzeRequest>;

const time = (description: string) => nullable(Type.String(), { description, examples: ['2014-07-01T00:30:00Z'] });
const span = {
  seconds: nullable(Type.Number(), { description: 'With up to six decimals. Null if no row has a time.' }),
  duration: nullable(Type.String(), { description: 'ISO 8601 duration.', examples: ['P214DT23H30M'] }),
};

export const TimeDifference = Type.Object(
  {
    time_column: Type.String(),
    first_row_at: time('Time of the first row, in upload and line order.'),
    latest_row_at: time('The latest time.'),
    ...span,
  },
  { $id: 'TimeDifference', title: 'time_difference (10000)' },
);
export type TimeDifference = Static<typeof TimeDifference>;

export const TotalRows = Type.Object({ total_rows: Type.Integer() }, { $id: 'TotalRows', title: 'total_rows (10001)' });
export type TotalRows = Static<typeof TotalRows>;

export const TimeSpan = Type.Object(
  {
    time_column: Type.String(),
    earliest_at: time('The earliest time.'),
    latest_at: time('The latest time.'),
    ...span,
  },
  { $id: 'TimeSpan', title: 'time_span (10002)' },
);
export type TimeSpan = Static<typeof TimeSpan>;

export const Profile = Type.Object(
  {
    total_rows: Type.Integer(),
    columns: Type.Immutable(
      Type.Array(
        Type.Object({
          ...Column.properties,
          nulls: Type.Integer(),
          distinct: Type.Integer({ description: 'Number of distinct values, without null.' }),
          distinct_error: nullable(Type.Number(), {
            description: 'Null if `distinct` is exact. Otherwise its maximum error, relative to it: 0.01 is 1%.',
          }),
          min: JsonValue,
          max: JsonValue,
          mean: JsonValue,
          quartiles: nullable(Type.Object({ q1: JsonValue, median: JsonValue, q3: JsonValue }), {
            description: 'Null, like `mean`, unless the column is an `integer` or `number`.',
          }),
          quartiles_error: nullable(Type.Number(), {
            description:
              'Null if the quartiles are exact. Otherwise how far their ranks may be from 0.25, 0.5 and 0.75: with 0.003, the median lies between the quantiles 0.497 and 0.503.',
          }),
        }),
      ),
    ),
  },
  { $id: 'Profile', title: 'profile (10003)' },
);
export type Profile = Static<typeof Profile>;

const table = { columns: Type.Immutable(Type.Array(Column)), rows: Rows };

export const RowsOverTime = Type.Object(
  { time_column: Type.String(), bucket: Type.String(), time_zone: Type.String(), ...table },
  { $id: 'RowsOverTime', title: 'rows_over_time (10004)' },
);
export type RowsOverTime = Static<typeof RowsOverTime>;

export const TableResult = Type.Object(
  {
    ...table,
    approximate: Type.Optional(
      Type.Immutable(
        Type.Array(
          Type.Object({
            column: Type.String(),
            error: Type.Number({
              description: 'Maximum error: of a quantile in its rank, of a distinct count relative to it.',
            }),
          }),
          { description: 'Columns that were computed from a sample. Absent if there are none.' },
        ),
      ),
    ),
  },
  { $id: 'TableResult', title: 'top_values (10005), or a query' },
);
export type TableResult = Static<typeof TableResult>;

export const Analysis = Type.Object(
  {
    customer_id: Type.String({ description: 'In canonical form: a lower-case string.', examples: ['1000'] }),
    analyze_type: nullable(Type.Integer(), { description: 'Null for a query.' }),
    name: oneOf([...AnalyzeTypeName.enum, 'query']),
    result: Type.Union([TimeDifference, TotalRows, TimeSpan, Profile, RowsOverTime, TableResult], {
      description: 'Its form depends on `name`.',
    }),
    table: TableVersion,
  },
  { $id: 'Analysis', title: 'Analysis' },
);
export type Analysis = Static<typeof Analysis>;
