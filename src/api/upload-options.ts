import { type Static, type TOptional, type TSchema, type TSchemaOptions, Type } from 'typebox';
import { CustomerId } from './customer-id.ts';
import { nullable, oneOf } from './values.ts';

const DecimalMark = oneOf(['.', ',']);
const ThousandsMark = oneOf([',', '.', ' ', "'", 'none']);
const DateOrder = oneOf(['dmy', 'mdy', 'ymd']);

/** How values are read, as given by an upload or as the defaults of a customer; null: found from the values. */
export const valueOptions = {
  decimal: nullable(DecimalMark),
  thousands: nullable(ThousandsMark),
  nulls: nullable(Type.Array(Type.String())),
  time_zone: nullable(Type.String()),
  date_order: nullable(DateOrder),
};

const OnError = oneOf(['abort', 'skip']);
const Surplus = oneOf(['reject', 'drop_empty']);
const Duplicates = oneOf(['append', 'reject']);

/** The options of an upload, as they were given; null: detected in the file. */
export const UploadOptions = Type.Object(
  {
    delimiter: nullable(Type.String()),
    quote: nullable(Type.String()),
    header: nullable(Type.Boolean()),
    encoding: nullable(Type.String()),
    skip_lines: nullable(Type.Integer()),
    comment: nullable(Type.String()),
    escape: nullable(Type.String()),
    surplus: Surplus,
    strip_nul: Type.Boolean(),
    on_error: OnError,
    duplicates: Duplicates,
    dry_run: Type.Boolean(),
    ...valueOptions,
  },
  { $id: 'UploadOptions', title: 'Upload options' },
);
export type UploadOptions = Static<typeof UploadOptions>;

function option<Schema extends TSchema>(schema: Schema, options: TSchemaOptions): TOptional<Schema> {
  return Type.Optional(Type.With(schema, options)) as TOptional<Schema>;
}

/** How values are read: the same for an upload, as text, and as the defaults of a customer. */
export const givenValueOptions = {
  decimal: option(Type.String(), {
    description: 'The decimal mark of numbers: `.` (or `point`) or `,` (or `comma`). Default: found from the values.',
    examples: [',', 'comma'],
  }),
  thousands: option(Type.String(), {
    description:
      "The mark between thousands: `,`, `.`, a space or `'` (or `comma`, `point`, `space`, `apostrophe`), or `none`. Default: found from the values.",
    examples: ['.', 'space'],
  }),
  nulls: option(Type.String(), {
    description:
      'The texts that mean null in columns other than text, separated by commas. Empty: only empty fields. Default: usual texts such as `NA`, `NULL` and `-`.',
    examples: ['NA,n/a,-'],
  }),
  time_zone: option(Type.String(), {
    description: 'The time zone of times without an offset, by its name in the IANA database. Default: UTC.',
    examples: ['Europe/Berlin'],
  }),
  date_order: option(Type.String(), {
    description:
      'The order of day, month and year in dates that are written with numbers only: `dmy`, `mdy` or `ymd`. Default: found from the values.',
    examples: ['dmy'],
  }),
};

/** Options that a new upload and a retry have in common: in a URL, in a form, or in the metadata of a tus upload. */
const commonOptions = {
  delimiter: option(Type.String(), {
    description:
      'The field delimiter: one ASCII character, or `tab`, `comma`, `semicolon`, `pipe` or `space`. Default: detected.',
    examples: [';', 'tab'],
  }),
  quote: option(Type.String(), {
    description: 'The quote character: one ASCII character, or `none`. Default: `"`.',
    examples: ['"', 'none'],
  }),
  header: option(Type.Boolean(), {
    description: '`true`: the first record has the column names. `false`: it is a row. Default: detected.',
  }),
  skip_lines: option(Type.Integer({ minimum: 0, maximum: 1000 }), {
    default: 0,
    description: 'How many lines to skip at the start of the file, such as a title above the header.',
  }),
  comment: option(Type.String(), {
    description: 'Lines that begin with this ASCII character, outside of quotes, are ignored. Default: there are none.',
    examples: ['#'],
  }),
  escape: option(Type.String(), {
    description:
      'In a quoted field, this ASCII character (or `backslash`) before a quote makes the quote part of the text; the same before a delimiter, a line end or itself, in every field. Before any other character, it is text. Default: only doubled quotes are part of the text.',
    examples: ['\\\\'],
  }),
  surplus: option(Surplus, {
    default: 'reject',
    description:
      'What to do with rows that have one empty field more than there are columns, since they end with a delimiter. `reject`: they do not fit the table. `drop_empty`: the empty field is ignored. If every line, including the header, ends with a delimiter, it is always ignored.',
  }),
  strip_nul: option(Type.Boolean(), {
    default: false,
    description: '`true`: remove NUL bytes from the text. Otherwise a file that contains one is refused.',
  }),
  on_error: option(OnError, {
    default: 'abort',
    description:
      'What to do if some rows do not fit the table. `abort`: load nothing. `skip`: load the other rows and report the rejected ones.',
  }),
  duplicates: option(Duplicates, {
    default: 'append',
    description:
      'What to do if the same bytes were uploaded before. `append`: append them again; `duplicate_of` names the earlier upload. `reject`: refuse the file.',
  }),
  dry_run: option(Type.Boolean(), {
    default: false,
    description: '`true`: process the file and return the receipt, but load nothing.',
  }),
  encoding: option(Type.String(), {
    description: 'The character encoding, such as `utf-8` or `windows-1252`. Default: detected.',
    examples: ['windows-1252'],
  }),
  ...givenValueOptions,
};

export const RetryQuery = Type.Object(commonOptions, { additionalProperties: false });
export type RetryQuery = Static<typeof RetryQuery>;

export const FileOptions = Type.Object(
  {
    ...commonOptions,
    corrects: Type.Optional(
      Type.String({
        format: 'uuid',
        description:
          'ID of an earlier upload whose rejected rows this file contains, corrected. That upload then names this one in `corrected_by`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type FileOptions = Static<typeof FileOptions>;

/** Query parameters of an upload that is the body of the request. */
export const UploadBodyQuery = Type.Object(
  { filename: Type.Optional(Type.String({ maxLength: 255 })), ...FileOptions.properties },
  { additionalProperties: false },
);
export type UploadBodyQuery = Static<typeof UploadBodyQuery>;

/** A multipart form. The file is binary, which only the documentation shows. */
export const UploadForm = Type.Object(
  {
    file: Type.String({ format: 'binary', description: 'The CSV file, optionally compressed with gzip or zstd.' }),
    customer_id: CustomerId,
    ...FileOptions.properties,
  },
  {
    $id: 'UploadForm',
    title: 'Upload form',
    description:
      'The fields may be in any order. If the others come before the file, loading starts while it is being received; a file of more than 2 MiB is read again if options for its text come after it, and then `encoding` is refused.',
    additionalProperties: false,
  },
);

export const WaitHeaders = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description: '`wait=30`: respond when the upload has ended, or after 30 seconds (RFC 7240). At most 300 seconds.',
      examples: ['wait=30'],
    }),
  ),
});

export const UploadHeaders = Type.Object({
  ...WaitHeaders.properties,
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        'A value of your own, such as a UUID. A repeated request with the same key and file returns the same upload and appends nothing.',
    }),
  ),
});
export const UploadBodyHeaders = Type.Object({
  ...UploadHeaders.properties,
  'content-encoding': Type.Optional(
    Type.String({ description: '`gzip` or `zstd`. Compressed files are also recognized without it.' }),
  ),
});
