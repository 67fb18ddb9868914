import { type Static, Type } from 'typebox';
import { Column } from './columns.ts';
import { NextCursor, pageQuery } from './pages.ts';
import { TableVersion } from './tables.ts';
import { JsonValue, nullable, oneOf, texts } from './values.ts';

/** Query parameters that select columns and rows of a table. */
const selection = {
  columns: Type.Optional(
    Type.With(texts(2000), {
      description:
        'Column names, separated by commas and in the desired order. Repeat the parameter for names that contain a comma. Default: all columns.',
      examples: ['occurred_at,amount'],
    }),
  ),
  where: Type.Optional(
    Type.With(texts(10_000), {
      description:
        'A condition such as `amount>0` (docs/links.md), or one in the JSON of a query. If it is given several times, all have to be true. Default: all rows.',
      examples: ['amount>0', '{"column":"amount","op":">","value":0}'],
    }),
  ),
};

export const DEFAULT_ROWS_LIMIT = 100;

export const RowsQuery = Type.Object(
  {
    ...selection,
    ...pageQuery(DEFAULT_ROWS_LIMIT, 1000),
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1e15,
        description:
          'Number of the first row, from 0, in the order of the table. Not allowed with `cursor` or `where`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RowsQuery = Static<typeof RowsQuery>;

/** Rows of a table or a result: each has the values of all columns, in order. */
export const Rows = Type.Immutable(Type.Array(Type.Immutable(Type.Array(JsonValue))));

export const RowsPage = Type.Object(
  {
    customer_id: Type.String(),
    columns: Type.Immutable(Type.Array(Column)),
    rows: Rows,
    offset: nullable(Type.Integer(), {
      description: 'Number of the first row in the table, from 0. Null if a condition selects the rows.',
    }),
    total_rows: Type.Integer({ description: 'Number of rows in the table.' }),
    next_cursor: NextCursor,
    table: TableVersion,
  },
  {
    $id: 'RowsPage',
    title: 'Page of rows',
    description: 'A page may have fewer rows than `limit`, even none. Only `next_cursor` marks the end.',
  },
);
export type RowsPage = Static<typeof RowsPage>;

export const ExportFormat = oneOf(['csv', 'ndjson', 'parquet', 'arrow'], { default: 'csv' });
export type ExportFormat = Static<typeof ExportFormat>;

const exported = {
  ...selection,
  escape_formulas: Type.Optional(
    Type.Boolean({
      default: false,
      description: 'CSV only: prefix texts that a spreadsheet would execute as a formula with a single quote.',
    }),
  ),
};

export const ExportLink = Type.Object(exported, { additionalProperties: false });
export type ExportLink = Static<typeof ExportLink>;

export const ExportQuery = Type.Object(
  { ...exported, format: Type.Optional(ExportFormat) },
  { additionalProperties: false },
);
export type ExportQuery = Static<typeof ExportQuery>;
