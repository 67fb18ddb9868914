import { type Static, Type } from 'typebox';
import { ColumnFormat, ColumnType } from './columns.ts';
import { pageOf } from './pages.ts';
import { Problem } from './problems.ts';
import { UploadOptions } from './upload-options.ts';
import { JsonValue, nullable, oneOf, Timestamp } from './values.ts';

export const UploadParams = Type.Object({ id: Type.String({ description: 'The upload ID.' }) });
export type UploadParams = Static<typeof UploadParams>;

export const UploadStatus = oneOf(['receiving', 'received', 'ingesting', 'complete', 'failed', 'cancelled', 'undone'], {
  $id: 'UploadStatus',
  description:
    'An upload ends as `complete`, `failed` or `cancelled`. A complete upload becomes `undone` if it is deleted.',
});
export type UploadStatus = Static<typeof UploadStatus>;

/** A field of a file, and what is stored for it. */
export const SampleCell = Type.Object(
  {
    text: Type.String({ description: 'As written in the file; long texts are truncated.' }),
    value: nullable(JsonValue, { description: 'As stored. Null if the field is null.' }),
  },
  { $id: 'SampleCell', title: 'Sample cell' },
);

/** The first rows of a file. */
export const Sample = Type.Array(Type.Array(SampleCell), {
  description: 'The first rows that fit, at most 20: each field as text and as value.',
});

/** What became of the rows of an upload. */
export const Receipt = Type.Object(
  {
    rows_in_file: Type.Integer({ description: '`rows_in_file` = `appended` + `rejected`, counted independently.' }),
    appended: Type.Integer(),
    rejected: Type.Integer(),
    table_rows_before: Type.Integer(),
    table_rows_after: Type.Integer(),
    earliest_at: nullable(Timestamp, {
      description: 'Earliest time of the added rows in the time column. A date is its midnight.',
    }),
    latest_at: nullable(Timestamp, { description: 'Latest time of the added rows.' }),
    columns: Type.Array(ColumnFormat, { description: 'How the columns of the file were read.' }),
    widened: Type.Array(Type.Object({ name: Type.String(), from: ColumnType, to: ColumnType }), {
      description: "The table's columns whose type this upload changed, because their values needed it.",
    }),
    encoding: nullable(Type.String()),
    delimiter: nullable(Type.String()),
    quote: nullable(Type.String(), { description: "'' if the file has no quoted fields." }),
    header: nullable(Type.Boolean()),
    skipped_lines: nullable(Type.Integer(), {
      description: 'Lines above the header that were skipped: by `skip_lines`, or a line such as `sep=;`.',
    }),
    comment: nullable(Type.String()),
    escape: nullable(Type.String()),
    empty_field_dropped: nullable(Type.Boolean(), {
      description: 'Whether an empty field after the last column was ignored, since rows end with a delimiter.',
    }),
    warnings: Type.Array(Type.String(), { description: 'What to check.' }),
    notes: Type.Array(Type.String(), { description: 'What is usual, was declared, or holds since earlier files.' }),
    sample: nullable(Sample, { description: 'Of a dry run: the first rows that fit, as text and as values.' }),
  },
  { $id: 'Receipt', title: 'Receipt' },
);
export type Receipt = Static<typeof Receipt>;

export const UploadProgress = Type.Object(
  {
    bytes_received: Type.Integer({ description: 'Bytes of the file received so far, after decompression.' }),
    rows_read: Type.Integer({ description: 'Rows read so far. Decreases if loading starts over.' }),
    fraction_done: nullable(Type.Number({ minimum: 0, maximum: 1 }), {
      description: 'Null until the whole file is received.',
    }),
  },
  { $id: 'UploadProgress', title: 'Progress of an upload' },
);
export type UploadProgress = Static<typeof UploadProgress>;

const uploadId = Type.String({ format: 'uuid' });

export const Upload = Type.Object(
  {
    id: uploadId,
    customer_id: Type.String({ examples: ['1000'] }),
    status: UploadStatus,
    filename: nullable(Type.String()),
    bytes: nullable(Type.Integer(), { description: 'Size of the file after decompression.' }),
    sha256: nullable(Type.String(), { description: 'SHA-256 digest of the decompressed file, in hexadecimal.' }),
    options: UploadOptions,
    idempotency_key: nullable(Type.String()),
    retry_of: nullable(uploadId, { description: 'The failed upload that this one retries.' }),
    corrects: nullable(uploadId, { description: 'The upload whose rejected rows this one contains, corrected.' }),
    corrected_by: nullable(uploadId, {
      description: "The latest upload with this upload's rejected rows, corrected. Its status says what became of it.",
    }),
    duplicate_of: nullable(Type.Object({ id: uploadId, created_at: Timestamp }), {
      description: 'An earlier upload of the same bytes.',
    }),
    progress: nullable(UploadProgress, { description: 'Null once the upload has ended.' }),
    receipt: nullable(Receipt, { description: 'What became of the rows. Null until the upload is complete.' }),
    error: nullable(Problem, { description: 'Why the upload failed.' }),
    attempts: Type.Integer({ description: 'How many times loading was started.' }),
    created_at: Timestamp,
    received_at: nullable(Timestamp),
    finished_at: nullable(Timestamp),
    retry_until: nullable(Timestamp, { description: 'A failed upload can be retried until then.' }),
  },
  { $id: 'Upload', title: 'Upload' },
);
export type Upload = Static<typeof Upload>;

export const UploadPage = pageOf(Upload, 'UploadPage');
export type UploadPage = Static<typeof UploadPage>;

/** A server-sent event: `data` is sent as JSON. */
export const UploadEvent = Type.Union(
  [
    Type.Object({ event: Type.Literal('progress'), data: Upload }),
    Type.Object({ event: Type.Literal('end'), data: Upload }),
    Type.Object({ event: Type.Literal('problem'), data: Problem }),
  ],
  {
    $id: 'UploadEvent',
    title: 'Upload event',
    description:
      '`progress`: the upload has changed. `end`: it has ended. `problem`: it was refused before it was acknowledged, or no longer exists, or the key was revoked. `end` and `problem` are the last event.',
  },
);
export type UploadEvent = Static<typeof UploadEvent>;
