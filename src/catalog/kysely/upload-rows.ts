import type { LogicalType } from '../../model/columns.ts';
import type { ParsedColumn } from '../../model/parsed-columns.ts';
import type { ValueFormat } from '../../model/value-format.ts';
import type { Receipt, Upload } from '../upload.ts';
import { storedOptions } from '../upload-options.ts';
import { micros, type UploadRow } from './catalog-tables.ts';

export function uploadOf(row: UploadRow): Upload {
  return {
    id: row.id,
    customerId: row.customer_id,
    status: row.status,
    filename: row.filename,
    options: storedOptions(JSON.parse(row.options)),
    keyId: row.key_id,
    idempotencyKey: row.idempotency_key,
    retryOf: row.retry_of,
    corrects: row.corrects,
    correctedBy: row.corrected_by,
    duplicateOf:
      row.duplicate_of === null ? null : { id: row.duplicate_of, createdAt: new Date(row.duplicate_of_at ?? 0) },
    file: row.file === null ? null : JSON.parse(row.file),
    receipt: row.receipt === null ? null : receiptOf(row.receipt),
    error: row.error === null ? null : JSON.parse(row.error),
    earliestAt: micros(row.earliest_at),
    latestAt: micros(row.latest_at),
    attempts: row.attempts,
    engineDeaths: row.engine_deaths,
    createdAt: new Date(row.created_at),
    receivedAt: dateOf(row.received_at),
    finishedAt: dateOf(row.finished_at),
    retryUntil: dateOf(row.retry_until),
  };
}

/** Of a receipt that an earlier version stored, the columns have a type, and perhaps a strptime format. */
function receiptOf(json: string): Receipt {
  const receipt = JSON.parse(json) as Receipt;
  const columns = receipt.columns as readonly (ParsedColumn | StoredColumn)[];
  return {
    ...receipt,
    notes: receipt.notes ?? [],
    widened: receipt.widened ?? [],
    columns: columns.map((column) => ('type' in column ? { name: column.name, format: formatOf(column) } : column)),
  };
}

interface StoredColumn {
  readonly name: string;
  readonly type: LogicalType;
  readonly format: string | null;
}

function formatOf({ type, format: pattern }: StoredColumn): ValueFormat {
  switch (type) {
    case 'integer':
      return { type, thousands: null };
    case 'number':
      return { type, decimal: '.', thousands: null };
    case 'date':
      return { type, order: null, pattern };
    case 'timestamp':
      return { type, order: null, pattern, timeZone: 'UTC' };
    default:
      return { type };
  }
}

function dateOf(millis: number | null): Date | null {
  return millis === null ? null : new Date(millis);
}
