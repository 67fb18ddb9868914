/** Test data with defaults, so that a test states only what it is about. */
import assert from 'node:assert/strict';
import type { Catalog } from '../src/catalog/catalog.ts';
import type { Deletion } from '../src/catalog/customer.ts';
import type { TableForReading, TableState } from '../src/catalog/table-state.ts';
import type { ReceivedFile, Reception } from '../src/catalog/upload.ts';
import { completeOptions, type GivenOptions, type UploadOptions } from '../src/catalog/upload-options.ts';
import { PLAIN_LAYOUT } from '../src/csv/dialect.ts';
import type { CsvSegment } from '../src/csv/segment.ts';
import { type Column, type ColumnType, chooseTimeColumn } from '../src/model/columns.ts';
import {
  type CustomerId,
  newUploadId,
  parseCustomerId,
  type TableId,
  type TableName,
  type UploadId,
} from '../src/model/ids.ts';
import type { ParsedFile, TableColumn } from '../src/model/parsed-columns.ts';
import { NOTHING_SETTLED, type ValueFormat } from '../src/model/value-format.ts';

export function customerId(text: string | number): CustomerId {
  const id = parseCustomerId(text);
  assert.ok(id, `not a customer ID: ${text}`);
  return id;
}

/** The only table of a customer. */
export const TABLE_ID = '0123456789ab' as TableId;

export function tableOf(customer: string, tableId = TABLE_ID): TableName {
  return { customerId: customerId(customer), tableId };
}

/** Columns by name and type, in order, nothing settled about them. */
export function columns(types: Readonly<Record<string, ColumnType>>): readonly TableColumn[] {
  return Object.entries(types).map(([name, type]) => ({ name, type, settled: NOTHING_SETTLED }));
}

/** How a file with columns of these types is read: everything in its usual form, and nothing but the empty field is null. */
export function parsedFile(columns: readonly Column[]): ParsedFile {
  return { columns: columns.map(({ name, type }) => ({ name, format: usualFormat(type) })), nulls: [] };
}

function usualFormat(type: ColumnType): ValueFormat {
  switch (type) {
    case 'integer':
      return { type, thousands: null };
    case 'number':
      return { type, decimal: '.', thousands: null };
    case 'date':
      return { type, order: null, pattern: null };
    case 'timestamp':
      return { type, order: null, pattern: null, timeZone: 'UTC' };
    default:
      return { type };
  }
}

/** A table of three rows with these columns, whose time column, if it has one, is all 1970-01-01T00:00:00Z. */
export function tableState(types: Readonly<Record<string, ColumnType>>, change: Partial<TableState> = {}): TableState {
  const timeColumn = chooseTimeColumn(columns(types));
  const at = timeColumn === null ? null : 0n;
  return {
    tableId: TABLE_ID,
    columns: columns(types),
    timeColumn,
    rows: 3,
    version: 1,
    firstRowAt: at,
    earliestAt: at,
    latestAt: at,
    ...change,
  };
}

/** A table after its first upload, with nothing uncommitted. */
export function tableForReading(table: TableState, change: Partial<TableForReading> = {}): TableForReading {
  return { table, uncommittedTags: [], lastTag: 1, generation: 0, changedAt: null, createdAt: new Date(0), ...change };
}

export function uploadOptions(given: GivenOptions = {}): UploadOptions {
  return completeOptions(given);
}

/** The process that receives uploads. */
const RECEIVER = 'receiver';

/** Only processes that are alive acknowledge uploads. */
export async function registerReceiver(catalog: Pick<Catalog, 'registerInstance'>): Promise<void> {
  await catalog.registerInstance({ nodeId: RECEIVER, instanceId: RECEIVER }, false);
}

/** Starts the deletion of a customer, or looks at it again. */
export async function begunDeletion(catalog: Pick<Catalog, 'beginDeletion'>, id: CustomerId): Promise<Deletion> {
  const start = await catalog.beginDeletion(id);
  assert.ok(start.kind === 'begun', start.kind);
  return start.deletion;
}

export function receptionOf(uploadId: UploadId, receiver = RECEIVER): Reception {
  return { uploadId, receiver };
}

type NewUpload = Parameters<Catalog['createUpload']>[0];

/** An upload to register, with a new ID. */
export function newUpload(customer: string, change: Partial<NewUpload> = {}): NewUpload {
  return {
    id: newUploadId(),
    customerId: customerId(customer),
    receiver: RECEIVER,
    filename: null,
    options: uploadOptions(),
    idempotencyKey: null,
    retryOf: null,
    ...change,
  };
}

/** A segment of three records below a header, without anything unusual. */
export function segmentOf(change: Partial<CsvSegment> = {}): CsvSegment {
  return {
    path: '0.csv',
    bytes: 15,
    records: 3,
    multiline: false,
    irregular: false,
    blankLines: false,
    textAfterQuotes: false,
    firstLine: 2,
    shapes: [],
    ...change,
  };
}

/** A received file of three records in one segment, with the columns `at` and `n`. */
export function receivedFile(change: Partial<ReceivedFile> = {}): ReceivedFile {
  return {
    bytes: 20,
    sha256: 'ab'.repeat(32),
    encoding: 'utf-8',
    dialect: { delimiter: ',', quote: '"', header: true },
    layout: PLAIN_LAYOUT,
    columns: ['at', 'n'],
    headerText: 'at,n',
    records: 3,
    segments: [segmentOf()],
    origin: null,
    warnings: [],
    ...change,
  };
}
