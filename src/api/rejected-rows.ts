import { type Static, Type } from 'typebox';
import { NextCursor } from './pages.ts';
import { nullable, oneOf } from './values.ts';

export const RejectionCode = oneOf(
  [
    'malformed_record',
    'wrong_field_count',
    'not_integer',
    'not_number',
    'not_boolean',
    'not_date',
    'not_timestamp',
    'leading_zero',
    'leading_plus',
    'has_fraction',
    'out_of_range',
    'too_many_digits',
    'other_number_style',
    'no_such_day',
    'no_such_clock_time',
    'wrong_weekday',
    'other_date_order',
    'ambiguous_date',
    'has_clock_time',
    'no_such_local_time',
    'not_clock_time',
  ],
  { $id: 'RejectionCode', description: 'Why the row was rejected.' },
);
export type RejectionCode = Static<typeof RejectionCode>;

/** A row of an uploaded file that does not fit the table. */
export const RejectedRow = Type.Object(
  {
    line: Type.Integer({ minimum: 1, description: 'Line of the file on which the row starts, counted from 1.' }),
    byte_offset: nullable(Type.Integer(), {
      description:
        'Offset in the decompressed file at which the row starts. Null if the file is not UTF-8 or has mixed line endings.',
    }),
    column: nullable(Type.String(), {
      description: 'The column with the invalid value. Null if the whole row is invalid.',
    }),
    code: RejectionCode,
    message: Type.String({ examples: ['is not a whole number'] }),
    text: Type.String({ description: 'The invalid value, or the whole row; long ones are truncated.' }),
  },
  { $id: 'RejectedRow', title: 'Rejected row' },
);
export type RejectedRow = Static<typeof RejectedRow>;

const nearby = nullable(Type.String(), {
  description: 'Null at the start and the end of the file; long ones are truncated.',
});

/** A rejected row with its record and the records around it. */
export const RejectedRecord = Type.Object(
  {
    ...RejectedRow.properties,
    record: nullable(Type.String(), {
      description: 'The row as in the file of rejected rows. Null if it has more than 16 KiB.',
      examples: ['2024-01-06,six,f'],
    }),
    before: Type.With(nearby, { title: 'The record before it' }),
    after: Type.With(nearby, { title: 'The record after it' }),
  },
  { $id: 'RejectedRecord', title: 'Rejected row in its place' },
);
export type RejectedRecord = Static<typeof RejectedRecord>;

export const RejectedRowPage = Type.Object(
  {
    items: Type.Array(RejectedRecord),
    next_cursor: NextCursor,
    columns: Type.Array(Type.String(), { description: 'The columns of `record`.' }),
    delimiter: Type.String({ description: 'The delimiter of `record`.' }),
    quote: Type.String({ description: 'The quote character of `record`.' }),
  },
  { $id: 'RejectedRowPage' },
);
export type RejectedRowPage = Static<typeof RejectedRowPage>;
