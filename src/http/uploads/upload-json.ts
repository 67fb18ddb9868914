import { type Static, Type } from 'typebox';
import type { Upload, UploadOptions } from '../../catalog/upload.ts';
import { problemDocument } from '../../errors.ts';
import type { Progress } from '../../ingest/progress/progress-board.ts';
import { ProblemRef } from '../problems/problem-schema.ts';
import { ColumnFormatSchema } from '../tables/table-json.ts';

const nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.String({ format: 'date-time' });

const ReceiptSchema = Type.Object(
  {
    rows_in_file: Type.Integer({ description: 'rows_in_file = appended + rejected, counted independently.' }),
    appended: Type.Integer(),
    rejected: Type.Integer(),
    table_rows_before: Type.Integer(),
    table_rows_after: Type.Integer(),
    columns: Type.Array(ColumnFormatSchema),
    encoding: nullable(Type.String()),
    delimiter: nullable(Type.String()),
    quote: nullable(Type.String({ description: "'' where the file quotes nothing." })),
    header: nullable(Type.Boolean()),
    warnings: Type.Array(Type.String()),
  },
  { description: "What became of the upload's rows." },
);

export const UploadSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    customer_id: Type.String({ examples: ['1000'] }),
    status: Type.Enum(['receiving', 'received', 'ingesting', 'complete', 'failed', 'cancelled', 'undone'], {
      description: 'It changes no more once it is complete, failed, cancelled or undone.',
    }),
    filename: nullable(Type.String()),
    bytes: nullable(Type.Integer({ description: 'Bytes of the file after decompression.' })),
    sha256: nullable(Type.String({ description: 'Hexadecimal digest of those bytes.' })),
    options: Type.Object({
      delimiter: nullable(Type.String()),
      quote: nullable(Type.String()),
      header: nullable(Type.Boolean()),
      encoding: nullable(Type.String()),
      on_error: Type.Enum(['abort', 'skip']),
      duplicates: Type.Enum(['append', 'reject']),
      dry_run: Type.Boolean(),
    }),
    idempotency_key: nullable(Type.String({ description: 'As the sender gave it.' })),
    retry_of: nullable(Type.String({ description: 'The failed upload whose bytes these are.' })),
    corrects: nullable(Type.String({ description: 'The upload whose rejected rows these are, mended.' })),
    corrected_by: nullable(
      Type.String({
        description: 'The latest upload that was sent with `corrects` for this one; its status says what became of it.',
      }),
    ),
    duplicate_of: nullable(
      Type.Object(
        { id: Type.String({ format: 'uuid' }), created_at: Time },
        { description: 'An earlier upload of the same bytes.' },
      ),
    ),
    progress: nullable(
      Type.Object(
        {
          bytes_received: Type.Integer({ description: 'Bytes of the file so far, after decompression.' }),
          rows_read: Type.Integer({ description: 'Rows read so far; less than before where loading starts over.' }),
          share_done: nullable(Type.Number({ description: 'From 0 to 1; null until the whole file is received.' })),
        },
        { description: 'How far it is; null once it has ended.' },
      ),
    ),
    receipt: nullable(ReceiptSchema),
    error: nullable(ProblemRef),
    attempts: Type.Integer({ description: 'How often loading it was begun.' }),
    created_at: Time,
    received_at: nullable(Time),
    finished_at: nullable(Time),
    retry_until: nullable(
      Type.String({ format: 'date-time', description: 'Until then a failed upload can be tried again.' }),
    ),
  },
  { $id: 'Upload', title: 'Upload' },
);

export type UploadJson = Static<typeof UploadSchema>;

export const UploadRef = Type.Unsafe<UploadJson>({ $ref: 'Upload#' });

/** An upload as JSON gives it. */
export function uploadJson(upload: Upload, progress: Progress | null): UploadJson {
  const { file, receipt, duplicateOf } = upload;
  return {
    id: upload.id,
    customer_id: upload.customerId,
    status: upload.status,
    filename: upload.filename,
    bytes: file?.bytes ?? null,
    sha256: file?.sha256 ?? null,
    options: optionsJson(upload.options),
    idempotency_key: upload.idempotencyKey,
    retry_of: upload.retryOf,
    corrects: upload.corrects,
    corrected_by: upload.correctedBy,
    duplicate_of: duplicateOf && { id: duplicateOf.id, created_at: duplicateOf.createdAt.toISOString() },
    progress: progress && {
      bytes_received: progress.bytesReceived,
      rows_read: progress.rowsRead,
      share_done: progress.share,
    },
    receipt: receipt && {
      rows_in_file: receipt.rowsInFile,
      appended: receipt.appended,
      rejected: receipt.rejected,
      table_rows_before: receipt.tableRowsBefore,
      table_rows_after: receipt.tableRowsAfter,
      columns: receipt.columns.map(({ name, type, format }) => ({ name, type, format })),
      encoding: file?.encoding ?? null,
      delimiter: file?.dialect.delimiter ?? null,
      quote: file?.dialect.quote ?? null,
      header: file?.dialect.header ?? null,
      warnings: [...receipt.warnings, ...duplicateWarning(upload)],
    },
    error: upload.error && problemDocument(upload.error),
    attempts: upload.attempts,
    created_at: upload.createdAt.toISOString(),
    received_at: upload.receivedAt?.toISOString() ?? null,
    finished_at: upload.finishedAt?.toISOString() ?? null,
    retry_until: upload.retryUntil?.toISOString() ?? null,
  };
}

function optionsJson({ onError, dryRun, ...same }: UploadOptions): UploadJson['options'] {
  return { ...same, on_error: onError, dry_run: dryRun };
}

function duplicateWarning({ duplicateOf: earlier, options, status }: Upload): readonly string[] {
  if (earlier === null || status === 'undone') return [];
  const at = earlier.createdAt.toISOString();
  const now = options.dryRun ? 'would be' : 'are';
  return [`The same bytes were uploaded before, as upload ${earlier.id} at ${at}; they ${now} in the table once more.`];
}
