import { type Static, Type } from 'typebox';
import { timeValue } from '../../analysis/json-values.ts';
import type { Micros, TableState } from '../../catalog/table-state.ts';

export const ColumnTypeSchema = Type.Enum(['integer', 'number', 'boolean', 'date', 'timestamp', 'text'], {
  description: '`timestamp` is UTC with microseconds.',
});

export const ColumnSchema = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 255 }), type: ColumnTypeSchema },
  { additionalProperties: false },
);

/** A column, and how its times are written in files. */
export const ColumnFormatSchema = Type.Object({
  ...ColumnSchema.properties,
  format: Type.Union([Type.String(), Type.Null()], {
    description: 'strptime format of times that are not ISO 8601.',
  }),
});

const Time = Type.Union([Type.String({ examples: ['2014-07-01T00:30:00Z'] }), Type.Null()]);

export const TableSchema = Type.Object({
  columns: Type.Array(ColumnSchema),
  time_column: Type.Union([Type.String(), Type.Null()]),
  rows: Type.Integer(),
  version: Type.Integer({ description: 'Rises by one with every upload that is complete.' }),
  first_row_at: Time,
  earliest_at: Time,
  latest_at: Time,
});

/** A table's state with the member names of the API; times are rendered by the type of the time column. */
export function tableJson(table: TableState): Static<typeof TableSchema> {
  const timeColumn = table.columns.find(({ name }) => name === table.timeColumn);
  const time = (micros: Micros | null) => timeValue(micros, timeColumn?.type ?? 'timestamp');
  return {
    columns: table.columns.map(({ name, type }) => ({ name, type })),
    time_column: table.timeColumn,
    rows: table.rows,
    version: table.version,
    first_row_at: time(table.firstRowAt),
    earliest_at: time(table.earliestAt),
    latest_at: time(table.latestAt),
  };
}
