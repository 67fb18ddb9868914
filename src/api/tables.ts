import { type Static, Type } from 'typebox';
import { Column } from './columns.ts';
import { nullable } from './values.ts';

const time = (description: string) =>
  nullable(Type.String(), { description, examples: ['2014-07-01T00:30:00Z', '2014-07-01'] });

const version = Type.Integer({ description: 'Increases by one with every completed or undone upload.' });

/** The version of a table that an answer was read from. */
export const TableVersion = Type.Object(
  { rows: Type.Integer(), version },
  { description: 'The version of the table that was read.' },
);
export type TableVersion = Static<typeof TableVersion>;

const state = {
  columns: Type.Array(Column),
  time_column: nullable(Type.String()),
  rows: Type.Integer(),
  version,
  first_row_at: time('Time of the first row, in upload and line order. Null if no row has a time.'),
  earliest_at: time('The earliest time. Null if no row has a time.'),
  latest_at: time('The latest time. Null if no row has a time.'),
};

export const TableState = Type.Object(state, { $id: 'TableState', title: 'Table state' });
export type TableState = Static<typeof TableState>;

export const Table = Type.Object({ customer_id: Type.String(), ...state }, { $id: 'Table', title: 'Table' });
export type Table = Static<typeof Table>;
