import { type Static, type TOptional, type TSchema, type TSchemaOptions, Type } from 'typebox';
import { DeclaredInUpload } from './columns.ts';
import { CustomerId } from './customer-id.ts';
import { nullable, oneOf } from './values.ts';

const OnError = oneOf(['abort', 'skip']);
const Surplus = oneOf(['reject', 'drop_empty']);
const Duplicates = oneOf(['append', 'reject']);

/** An option: as requests give it, as text, and as responses show it. */
interface Option<Given extends TSchema, Shown extends TSchema> {
  readonly given: TOptional<Given>;
  readonly shown: Shown;
}

function option<Given extends TSchema, Shown extends TSchema>(
  shown: Shown,
  given: Given,
  options: TSchemaOptions,
): Option<Given, Shown> {
  return { given: Type.Optional(Type.With(given, options)) as TOptional<Given>, shown };
}

type Options = Readonly<Record<string, Option<TSchema, TSchema>>>;

function given<const Table extends Options>(table: Table) {
  return Object.fromEntries(Object.entries(table).map(([name, each]) => [name, each.given])) as {
    [Name in keyof Table]: Table[Name]['given'];
  };
}

function shown<const Table extends Options>(table: Table) {
  return Object.fromEntries(Object.entries(table).map(([name, each]) => [name, each.shown])) as {
    [Name in keyof Table]: Table[Name]['shown'];
  };
}

function shownOrNull<const Table extends Options>(table: Table) {
  return Object.fromEntries(Object.entries(table).map(([name, each]) => [name, nullable(each.shown)])) as {
    [Name in keyof Table]: ReturnType<typeof nullable<Table[Name]['shown']>>;
  };
}

const text = Type.String();

/** Options of an upload that a customer may have defaults for. Without them: found in the file, or nothing. */
const found = {
  delimiter: option(text, text, {
    description:
      'The field delimiter: one ASCII character, or `tab`, `comma`, `semicolon`, `pipe` or `space`. Default: detected, as with `auto`.',
    examples: [';', 'tab'],
  }),
  quote: option(text, text, {
    description: 'The quote character: one ASCII character, or `none`. Default: `"`.',
    examples: ['"', 'none'],
  }),
  header: option(Type.Boolean(), Type.Boolean(), {
    description: '`true`: the first record has the column names. `false`: it is a row. Default: detected.',
  }),
  encoding: option(text, text, {
    description: 'The character encoding, such as `utf-8` or `windows-1252`. Default: detected, as with `auto`.',
    examples: ['windows-1252'],
  }),
  skip_lines: option(Type.Integer(), Type.Integer({ minimum: 0, maximum: 1000 }), {
    default: 0,
    description: 'How many lines to skip at the start of the file, such as a title above the header.',
  }),
  comment: option(text, text, {
    description: 'Lines that begin with this ASCII character, outside of quotes, are ignored. Default: there are none.',
    examples: ['#'],
  }),
  escape: option(text, text, {
    description:
      'In a quoted field, this ASCII character (or `backslash`) before a quote makes the quote part of the text; the same before a delimiter, a line end or itself, in every field. Before any other character, it is text. Default: only doubled quotes are part of the text.',
    examples: ['\\\\'],
  }),
  decimal: option(oneOf(['.', ',']), text, {
    description:
      'The decimal mark of numbers: `.` (or `point`) or `,` (or `comma`). Default: found from the values, as with `auto`.',
    examples: [',', 'comma'],
  }),
  thousands: option(oneOf([',', '.', ' ', "'", 'none']), text, {
    description:
      "The mark between thousands: `,`, `.`, a space or `'` (or `comma`, `point`, `space`, `apostrophe`), or `none`. Default: found from the values, as with `auto`.",
    examples: ['.', 'space'],
  }),
  nulls: option(Type.Array(text), text, {
    description:
      'The texts that mean null in columns other than text, separated by commas. Empty: only empty fields. Default: usual texts such as `NA`, `NULL` and `-`.',
    examples: ['NA,n/a,-'],
  }),
  time_zone: option(text, text, {
    description: 'The time zone of times without an offset, by its name in the IANA database. Default: UTC.',
    examples: ['Europe/Berlin'],
  }),
  date_order: option(oneOf(['dmy', 'mdy', 'ymd']), text, {
    description:
      'The order of day, month and year in dates that are written with numbers only: `dmy`, `mdy` or `ymd`. Default: found from the values, as with `auto`.',
    examples: ['dmy'],
  }),
  widen: option(text, text, {
    description:
      '`text`: columns of the table become text if values of the file do not fit their type. `text:code,amount`: only these columns. The numbers, dates and booleans that they contain become text as well, and sums are no longer possible. The time column and declared columns keep their type. Default, or `none`: such values are rejected. In any case, integers become numbers if decimals come.',
    examples: ['text', 'text:code'],
  }),
};

/** The same, with a default of the server. */
const set = {
  surplus: option(Surplus, Surplus, {
    default: 'reject',
    description:
      'What to do with rows that have one empty field more than there are columns, since they end with a delimiter. `reject`: they do not fit the table. `drop_empty`: the empty field is ignored. If every line, including the header, ends with a delimiter, it is always ignored.',
  }),
  strip_nul: option(Type.Boolean(), Type.Boolean(), {
    default: false,
    description: '`true`: remove NUL bytes from the text. Otherwise a file that contains one is refused.',
  }),
  on_error: option(OnError, OnError, {
    default: 'abort',
    description:
      'What to do if some rows do not fit the table. `abort`: load nothing. `skip`: load the other rows and report the rejected ones.',
  }),
  duplicates: option(Duplicates, Duplicates, {
    default: 'append',
    description:
      'What to do if the same bytes were uploaded before. `append`: append them again; `duplicate_of` names the earlier upload. `reject`: refuse the file.',
  }),
};

/** Options that are about the file of one upload. */
const ofFile = {
  time_column: option(text, text, {
    description:
      'The column with the time of a row, or a column of days and one of times of day, such as `Date+Time`. It is decided by the first file; for a later one it must be the same. Default: the leftmost timestamp column, or else date column.',
    examples: ['Date+Time'],
  }),
  columns: option(Type.Array(DeclaredInUpload), text, {
    description:
      'Types and formats of columns of the file: a list as in `POST /customers`, as JSON, in which only `name` is required; or `name:type` and `name:format`, separated by commas. The first file decides with it the types of the table. For a later file, it says how the values are written; another type than that of the table is refused.',
    examples: ['zip:text,at:epoch_ms', '[{"name":"day","type":"date","format":"%d/%m/%Y"}]'],
  }),
};

/** Options that are about one upload. */
const ofOne = {
  dry_run: option(Type.Boolean(), Type.Boolean(), {
    default: false,
    description: '`true`: process the file and return the receipt, but load nothing.',
  }),
};

/** The defaults of a customer, as they are given. */
export const GivenDefaults = Type.Object(
  { ...given(found), ...given(set) },
  {
    description: "Options of the customer's uploads, unless an upload says otherwise.",
    additionalProperties: false,
  },
);
export type GivenDefaults = Static<typeof GivenDefaults>;

/** The defaults of a customer, as they are shown. */
export const ShownDefaults = Type.Object(
  { ...shownOrNull(found), ...shownOrNull(set) },
  { $id: 'UploadDefaults', title: 'Defaults of uploads', description: 'Null: no default.' },
);
export type ShownDefaults = Static<typeof ShownDefaults>;

/** The options of an upload; null: found in the file, or none. */
export const UploadOptions = Type.Object(
  {
    ...shownOrNull(found),
    ...shown(set),
    ...shownOrNull(ofFile),
    ...shown(ofOne),
    from_customer: Type.Array(text, {
      description: "The options that the upload did not set, and that are the customer's `defaults`.",
      examples: [['delimiter']],
    }),
  },
  { $id: 'UploadOptions', title: 'Upload options' },
);
export type UploadOptions = Static<typeof UploadOptions>;

/** Options that a new upload and a retry have in common: in a URL, in a form, or in the metadata of a tus upload. */
const commonOptions = { ...given(found), ...given(set), ...given(ofFile), ...given(ofOne) };

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
        'A value of your own, such as a UUID. A repeated request with the same value, file and API key returns the same upload and appends nothing. Each API key has values of its own.',
    }),
  ),
});
export const UploadBodyHeaders = Type.Object({
  ...UploadHeaders.properties,
  'content-encoding': Type.Optional(
    Type.String({ description: '`gzip` or `zstd`. Compressed files are also recognized without it.' }),
  ),
});
