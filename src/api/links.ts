import { type Static, Type } from 'typebox';
import { CustomerParams } from './customer-id.ts';
import { ExportFormat } from './rows.ts';
import { oneOf, texts } from './values.ts';

const formats = ['json', 'csv', 'ndjson', 'parquet', 'arrow'] as const;

export const LinkParams = Type.Object({
  ...CustomerParams.properties,
  format: oneOf([...formats], { description: 'The format of the result.' }),
});
export type LinkParams = Static<typeof LinkParams>;

export const ExportLinkParams = Type.Object({ ...CustomerParams.properties, format: ExportFormat });
export type ExportLinkParams = Static<typeof ExportLinkParams>;

const escape_formulas = Type.Optional(
  Type.Boolean({
    default: false,
    description: 'CSV only: prefix texts that a spreadsheet would execute as a formula with a single quote.',
  }),
);

export const QueryLink = Type.Object(
  {
    q: Type.Optional(
      Type.String({ minLength: 1, description: 'The whole query as JSON. Excludes the other parameters of a query.' }),
    ),
    measures: Type.Optional(
      Type.With(texts(10_000), {
        description: '`count`, `avg:amount`, `quantile:amount:0.9`, `first:price:at`, each optionally with `:as:name`.',
        examples: ['count,avg:amount'],
      }),
    ),
    group_by: Type.Optional(
      Type.With(texts(10_000), {
        description:
          '`city`, `at:day`, `at:day:Europe/Berlin`, `amount:10` (buckets of this width), `amount:into:20` (this number of buckets), each optionally with `:as:name`.',
        examples: ['city,at:day'],
      }),
    ),
    where: Type.Optional(
      Type.With(texts(10_000), {
        description:
          'A condition, such as `amount>0`, or one in JSON. If it is given several times, all have to be true.',
        examples: ['amount>0'],
      }),
    ),
    having: Type.Optional(Type.String({ minLength: 1, description: 'A condition on the result, as JSON.' })),
    order_by: Type.Optional(
      Type.With(texts(10_000), {
        description: '`count`, `-count` or `count:desc`, each optionally with `:nulls:first`.',
        examples: ['-count'],
      }),
    ),
    limit: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: 'Maximum number of rows.' })),
    time_zone: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'IANA time zone of all buckets of time that name none.',
        examples: ['Europe/Berlin'],
      }),
    ),
    escape_formulas,
  },
  { additionalProperties: false },
);
export type QueryLink = Static<typeof QueryLink>;

export const AnalysisLink = Type.Object(
  {
    analyze_type: Type.String({ minLength: 1, maxLength: 100, description: 'The name or the number of the type.' }),
    column: Type.Optional(Type.String({ description: 'Of `rows_over_time` and `top_values`.' })),
    bucket: Type.Optional(Type.String({ description: 'Of `rows_over_time`.' })),
    time_zone: Type.Optional(Type.String({ description: 'Of `rows_over_time`.' })),
    limit: Type.Optional(Type.String({ pattern: '^\\d{1,15}$', description: 'Of `top_values`.' })),
    escape_formulas,
  },
  { additionalProperties: false },
);
export type AnalysisLink = Static<typeof AnalysisLink>;
