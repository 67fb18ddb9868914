import type * as api from '../../api/uploads.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Progress } from '../../ingest/progress/progress-board.ts';
import type { ParsedColumn } from '../../model/parsed-columns.ts';
import { formatTimestamp } from '../../model/timestamps.ts';
import { problemJson } from '../problems/problem-json.ts';
import { optionsJson } from './upload-options.ts';

/** The upload with its progress, wherever it is processed. */
export async function currentUploadJson(ingest: Pick<Ingest, 'progressOf'>, upload: Upload): Promise<api.Upload> {
  const [progress = null] = await ingest.progressOf([upload]);
  return uploadJson(upload, progress);
}

export function uploadJson(upload: Upload, progress: Progress | null): api.Upload {
  const { duplicateOf } = upload;
  return {
    id: upload.id,
    customer_id: upload.customerId,
    status: upload.status,
    filename: upload.filename,
    bytes: upload.file?.bytes ?? null,
    sha256: upload.file?.sha256 ?? null,
    options: optionsJson(upload.options),
    idempotency_key: upload.idempotencyKey,
    retry_of: upload.retryOf,
    corrects: upload.corrects,
    corrected_by: upload.correctedBy,
    duplicate_of: duplicateOf && { id: duplicateOf.id, created_at: duplicateOf.createdAt.toISOString() },
    progress: progress && {
      bytes_received: progress.bytesReceived,
      rows_read: progress.rowsRead,
      fraction_done: progress.share,
    },
    receipt: receiptJson(upload),
    error: upload.error && problemJson(upload.error),
    attempts: upload.attempts,
    created_at: upload.createdAt.toISOString(),
    received_at: upload.receivedAt?.toISOString() ?? null,
    finished_at: upload.finishedAt?.toISOString() ?? null,
    retry_until: upload.retryUntil?.toISOString() ?? null,
  };
}

function receiptJson(upload: Upload): api.Receipt | null {
  const { receipt, file } = upload;
  return (
    receipt && {
      rows_in_file: receipt.rowsInFile,
      appended: receipt.appended,
      rejected: receipt.rejected,
      table_rows_before: receipt.tableRowsBefore,
      table_rows_after: receipt.tableRowsAfter,
      earliest_at: upload.earliestAt === null ? null : formatTimestamp(upload.earliestAt),
      latest_at: upload.latestAt === null ? null : formatTimestamp(upload.latestAt),
      columns: receipt.columns.map(columnJson),
      widened: receipt.widened.map((column) => ({ ...column })),
      encoding: file?.encoding ?? null,
      delimiter: file?.dialect.delimiter ?? null,
      quote: file?.dialect.quote ?? null,
      header: file?.dialect.header ?? null,
      skipped_lines: file?.layout.skippedLines ?? null,
      comment: file?.layout.comment ?? null,
      escape: file?.layout.escape ?? null,
      empty_field_dropped: file?.layout.emptyFieldDropped ?? null,
      warnings: [...receipt.warnings, ...duplicateWarning(upload)],
      notes: [...receipt.notes],
      sample: receipt.sample?.map((row) => [...row]) ?? null,
    }
  );
}

function duplicateWarning({ duplicateOf: earlier, options, status }: Upload): readonly string[] {
  if (earlier === null || status === 'undone') return [];
  const at = earlier.createdAt.toISOString();
  const appended = options.dryRun ? 'would be appended' : 'were appended';
  return [`The same bytes were uploaded at ${at} as upload ${earlier.id}. Their rows ${appended} again.`];
}

export function columnJson({ name, format, combines }: ParsedColumn): api.Receipt['columns'][number] {
  return {
    name,
    type: format.type,
    format: 'pattern' in format ? format.pattern : null,
    order: 'order' in format ? format.order : null,
    decimal: 'decimal' in format ? format.decimal : null,
    thousands: 'thousands' in format ? format.thousands : null,
    time_zone: 'timeZone' in format ? format.timeZone : null,
    ...(combines && { derived_from: [combines.day, combines.clock] }),
  };
}
