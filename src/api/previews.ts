import { type Static, Type } from 'typebox';
import { ColumnFormat } from './columns.ts';
import { RejectedRow } from './rejected-rows.ts';
import { UploadBodyQuery } from './upload-options.ts';
import { Sample } from './uploads.ts';
import { nullable, oneOf, Timestamp } from './values.ts';

export const PreviewQuery = Type.Object(
  {
    ...UploadBodyQuery.properties,
    complete: Type.Optional(
      oneOf(['true', 'false'], {
        description:
          'Whether the body is the whole file. `false`: its last record may be cut off, and is left out. Default: `true` if the body is shorter than 1 MiB.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type PreviewQuery = Static<typeof PreviewQuery>;

const PreviewChoice = Type.Object(
  {
    value: Type.String({ description: 'The value of the option.' }),
    reading: Type.String({ description: 'What it means.', examples: ['the day first'] }),
    example_text: Type.String({ description: 'A value of the file as it is written.', examples: ['01/02/2024'] }),
    example_value: Type.String({ description: 'What it is with this choice.', examples: ['1 February 2024'] }),
  },
  { $id: 'PreviewChoice', title: 'Preview choice' },
);

const questionMembers = {
  column: nullable(Type.String(), { description: 'Null: it is about the whole file.' }),
  line: Type.Integer({ description: 'Line of the example.' }),
  option: oneOf(['decimal', 'date_order', 'time_zone', 'header', 'delimiter', 'encoding'], {
    description: 'The upload option that settles it.',
  }),
  choices: Type.Array(PreviewChoice, {
    description: 'For `time_zone`, any name of the IANA database can be chosen as well.',
  }),
  message: Type.String(),
};

export const PreviewQuestion = Type.Object(
  { code: oneOf(['ambiguous_values']), ...questionMembers },
  {
    $id: 'PreviewQuestion',
    title: 'Preview question',
    description: 'Values that can be read in several ways. The file is refused unless the option is given.',
  },
);

export const PreviewGuess = Type.Object(
  { ...questionMembers, chosen: Type.String({ description: 'The value of the option that the file was read with.' }) },
  {
    $id: 'PreviewGuess',
    title: 'Preview guess',
    description: 'What was assumed without proof. The option changes it.',
  },
);

export const Preview = Type.Object(
  {
    complete: Type.Boolean({
      description: 'Whether all of the file was read. If not, the rest may change the result.',
    }),
    dialect: Type.Object({
      encoding: Type.String(),
      delimiter: Type.String(),
      quote: Type.String(),
      escape: nullable(Type.String()),
      header: Type.Boolean(),
      skipped_lines: Type.Integer(),
      comment: nullable(Type.String()),
    }),
    columns: Type.Array(ColumnFormat),
    rows: Sample,
    rows_read: Type.Integer(),
    rejected_rows: Type.Integer({ description: 'How many of the rows read do not fit.' }),
    rejected: Type.Array(Type.Omit(RejectedRow, ['byte_offset']), { description: 'The first 100 of them.' }),
    warnings: Type.Array(Type.String()),
    notes: Type.Array(Type.String()),
    questions: Type.Array(PreviewQuestion),
    guesses: Type.Array(PreviewGuess),
    table: Type.Object({
      exists: Type.Boolean({ description: 'Whether the customer has a table. If not, the file creates it.' }),
      matches: Type.Boolean({ description: 'Whether the file has the columns of the table, or the declared ones.' }),
      missing: Type.Array(Type.String(), { description: 'Columns of the table that the file lacks.' }),
      extra: Type.Array(Type.String(), { description: 'Columns of the file that the table lacks.' }),
    }),
    duplicate_of: nullable(Type.Object({ id: Type.String({ format: 'uuid' }), created_at: Timestamp }), {
      description: 'An earlier upload of the same bytes. Null if only the start of the file was sent.',
    }),
  },
  { $id: 'Preview', title: 'Preview' },
);
export type Preview = Static<typeof Preview>;
