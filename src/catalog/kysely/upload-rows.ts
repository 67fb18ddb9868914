import type { Upload } from '../upload.ts';
import type { UploadRow } from './catalog-tables.ts';

export function uploadOf(row: UploadRow): Upload {
  return {
    id: row.id,
    customerId: row.customer_id,
    status: row.status,
    filename: row.filename,
    options: JSON.parse(row.options),
    keyId: row.key_id,
    idempotencyKey: row.idempotency_key,
    retryOf: row.retry_of,
    corrects: row.corrects,
    correctedBy: row.corrected_by,
    duplicateOf:
      row.duplicate_of === null ? null : { id: row.duplicate_of, createdAt: new Date(row.duplicate_of_at ?? 0) },
    file: row.file === null ? null : JSON.parse(row.file),
    receipt: row.receipt === null ? null : JSON.parse(row.receipt),
    error: row.error === null ? null : JSON.parse(row.error),
    attempts: row.attempts,
    engineDeaths: row.engine_deaths,
    createdAt: new Date(row.created_at),
    receivedAt: dateOf(row.received_at),
    finishedAt: dateOf(row.finished_at),
    retryUntil: dateOf(row.retry_until),
  };
}

function dateOf(millis: number | null): Date | null {
  return millis === null ? null : new Date(millis);
}
