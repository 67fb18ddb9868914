import { type Static, Type } from 'typebox';
import { pageOf } from './pages.ts';
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

export const RejectedRowPage = pageOf(RejectedRow, 'RejectedRowPage');
export type RejectedRowPage = Static<typeof RejectedRowPage>;
