import { type Static, type TObject, Type } from 'typebox';
import { BucketName } from './queries.ts';
import { oneOf } from './values.ts';

export const AnalyzeTypeName = oneOf([
  'time_difference',
  'total_rows',
  'time_span',
  'profile',
  'rows_over_time',
  'top_values',
]);
export type AnalyzeTypeName = Static<typeof AnalyzeTypeName>;

const NoParameters = Type.Object({}, { additionalProperties: false });

export const RowsOverTimeParameters = Type.Object(
  {
    column: Type.Optional(
      Type.String({ description: "A date or timestamp column. Default: the table's time column." }),
    ),
    bucket: Type.Optional(
      Type.With(BucketName, {
        description:
          'Length of a bucket. Default, if `column` is the time column of the table: the shortest that results in at most 500 buckets.',
      }),
    ),
    time_zone: Type.Optional(
      Type.String({
        default: 'UTC',
        description: 'IANA time zone in which buckets start and end. Not allowed for date columns.',
        examples: ['Europe/Berlin'],
      }),
    ),
  },
  { additionalProperties: false },
);
export type RowsOverTimeParameters = Static<typeof RowsOverTimeParameters>;

export const TopValuesParameters = Type.Object(
  {
    column: Type.String({ description: 'A column of the table.' }),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'Maximum number of values.' }),
    ),
  },
  { additionalProperties: false },
);
export type TopValuesParameters = Static<typeof TopValuesParameters>;

/** What a request for each type may have besides `customer_id` and `analyze_type`. */
export const PARAMETERS = {
  time_difference: NoParameters,
  total_rows: NoParameters,
  time_span: NoParameters,
  profile: NoParameters,
  rows_over_time: RowsOverTimeParameters,
  top_values: TopValuesParameters,
} satisfies Readonly<Record<AnalyzeTypeName, TObject>>;

export const AnalyzeType = Type.Object(
  {
    number: Type.Integer({ examples: [10000] }),
    name: AnalyzeTypeName,
    description: Type.String(),
    parameters: Type.Record(Type.String(), Type.Unknown(), {
      description: 'JSON Schema of the other members of a request for this type.',
    }),
  },
  { $id: 'AnalyzeType', title: 'Analyze type' },
);
export type AnalyzeType = Static<typeof AnalyzeType>;

export const AnalyzeTypeList = Type.Object(
  { items: Type.Array(AnalyzeType), next_cursor: Type.Null() },
  { $id: 'AnalyzeTypeList' },
);
export type AnalyzeTypeList = Static<typeof AnalyzeTypeList>;
