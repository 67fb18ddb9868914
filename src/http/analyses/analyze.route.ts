import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import type { Analysis } from '../../analysis/analysis.ts';
import { ANALYZE_TYPES } from '../../analysis/analyze-types.ts';
import { Problem } from '../../errors.ts';
import { problemReplySchemas } from '../problems/problem-schema.ts';
import { withoutBody } from '../requests/body-schema.ts';
import { senderGone } from '../requests/sender-gone.ts';
import { ColumnSchema } from '../tables/table-json.ts';
import { answerJson } from './answer-json.ts';
import { QuerySchema } from './query-schema.ts';

const TYPE = {
  description: 'Number, number in a string, or name.',
  examples: ANALYZE_TYPES.flatMap(({ number, name }) => [number, name]),
};

const AnalyzeBody = Type.Object(
  {
    customer_id: Type.Optional(Type.Union([Type.Number(), Type.String()], { examples: [1000] })),
    analyze_type: Type.Optional(Type.Union([Type.Number(), Type.String()], TYPE)),
    analyzer_type: Type.Optional(
      Type.Union([Type.Number(), Type.String()], { ...TYPE, description: 'Means the same as analyze_type.' }),
    ),
    query: Type.Optional(QuerySchema),
  },
  // The further members of an analyze type are checked by itself.
  { additionalProperties: true },
);

const nullable = (description: string) => Type.Union([Type.String(), Type.Null()], { description });
const span = {
  seconds: Type.Union([Type.Number(), Type.Null()], { description: 'Up to six decimals.' }),
  duration: nullable('ISO 8601, such as P214DT23H30M.'),
};

const TimeDifference = Type.Object(
  {
    time_column: Type.String(),
    first_row_at: nullable('Time of the first row.'),
    latest_row_at: nullable('Latest time.'),
    ...span,
  },
  { title: 'time_difference (10000)' },
);
const TotalRows = Type.Object({ total_rows: Type.Integer() }, { title: 'total_rows (10001)' });
const TimeSpan = Type.Object(
  { time_column: Type.String(), earliest_at: nullable('Earliest time.'), latest_at: nullable('Latest time.'), ...span },
  { title: 'time_span (10002)' },
);

const JsonValue = Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()]);
const Profile = Type.Object(
  {
    total_rows: Type.Integer(),
    columns: Type.Array(
      Type.Object({
        ...ColumnSchema.properties,
        nulls: Type.Integer(),
        distinct: Type.Integer({ description: 'Different values, nulls left out.' }),
        min: JsonValue,
        max: JsonValue,
        mean: JsonValue,
        quartiles: Type.Union([Type.Object({ q1: JsonValue, median: JsonValue, q3: JsonValue }), Type.Null()]),
      }),
    ),
  },
  { title: 'profile (10003)' },
);
const table = {
  columns: Type.Array(ColumnSchema),
  rows: Type.Array(Type.Array(JsonValue), {
    description: 'Whole numbers past 2^53 are texts of digits, as are "NaN", "Infinity" and "-Infinity".',
  }),
};
const RowsOverTime = Type.Object(
  { time_column: Type.String(), bucket: Type.String(), time_zone: Type.String(), ...table },
  { title: 'rows_over_time (10004)' },
);
const Table = Type.Object(table, { title: 'a query, top_values (10005)' });

const AnswerSchema = Type.Object({
  customer_id: Type.String({ description: 'In its canonical form: a string.', examples: ['1000'] }),
  analyze_type: Type.Union([Type.Integer(), Type.Null()], { description: 'Null for a query.' }),
  name: Type.String(),
  result: Type.Unsafe<ReturnType<typeof answerJson>['result']>(
    Type.Union([TimeDifference, TotalRows, TimeSpan, Profile, RowsOverTime, Table]),
  ),
  table: Type.Object(
    { rows: Type.Integer(), version: Type.Integer() },
    { description: 'The state that was answered of.' },
  ),
});

export function analyzeRoutes({ analysis }: { readonly analysis: Analysis }): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      '/api/v1/analyze/',
      {
        config: { right: 'read' },
        // Read by the analysis itself: what is wrong in a query is told with its place and the nearest choice.
        validatorCompiler: withoutBody,
        schema: {
          tags: ['analyze'],
          summary: "Analyze a customer's table",
          operationId: 'analyze',
          description: `One of these, or a \`query\` (docs/analyses.md):\n\n${ANALYZE_TYPES.map(
            ({ number, name, description }) => `- **${number}** \`${name}\`: ${description}`,
          ).join('\n')}`,
          body: AnalyzeBody,
          response: { 200: AnswerSchema, ...problemReplySchemas },
        },
      },
      async (request, reply) => {
        const body: unknown = request.body;
        if (typeof body !== 'object' || body === null || Array.isArray(body)) {
          throw new Problem('bad_request', 'The body is not a JSON object.');
        }
        const { customer_id } = body as { readonly customer_id?: unknown };
        const access = await request.scope.customer(customer_id);
        return answerJson(await analysis.answer(access, { ...body }, () => senderGone(request, reply)));
      },
    );

    app.get(
      '/api/v1/analyze/types',
      {
        config: { right: 'public' },
        schema: {
          tags: ['analyze'],
          summary: 'List the analyze types',
          operationId: 'listAnalyzeTypes',
          response: {
            200: Type.Object({
              items: Type.Array(
                Type.Object({
                  number: Type.Integer(),
                  name: Type.String(),
                  description: Type.String(),
                  parameters: Type.Unsafe<Readonly<Record<string, unknown>>>(
                    Type.Object(
                      {},
                      {
                        description: 'JSON Schema of the further members a request may have.',
                        additionalProperties: true,
                      },
                    ),
                  ),
                }),
              ),
              next_cursor: Type.Null(),
            }),
            ...problemReplySchemas,
          },
        },
      },
      async () => ({ items: [...ANALYZE_TYPES], next_cursor: null }),
    );
  };
}
