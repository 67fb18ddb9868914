import type { CsvDialect } from '../csv/dialect.ts';
import type { CsvOrigin, CsvSegment } from '../csv/segment.ts';
import type { ColumnFormat } from '../model/columns.ts';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { QueueLimit } from './queue-limits.ts';

export type UploadStatus = 'receiving' | 'received' | 'ingesting' | 'complete' | 'failed' | 'cancelled' | 'undone';

/** What the sender asked for. */
export interface UploadOptions {
  readonly delimiter: string | null;
  readonly quote: string | null;
  readonly header: boolean | null;
  readonly encoding: string | null;
  /** What becomes of the file where some of its rows do not fit: none of it is kept, or the rows that fit. */
  readonly onError: 'abort' | 'skip';
  /** What becomes of a file whose bytes are those of an earlier upload. */
  readonly duplicates: 'append' | 'reject';
  /** All is done as for any file, and nothing of it is kept. */
  readonly dryRun: boolean;
}

/** An upload that came before. */
export interface EarlierUpload {
  readonly id: UploadId;
  readonly createdAt: Date;
}

/** What was received, once every byte of it is on disk. */
export interface ReceivedFile {
  /** Bytes of the file after decompression, before it was brought to UTF-8. */
  readonly bytes: number;
  /** Lower-case hexadecimal SHA-256 of those bytes. */
  readonly sha256: string;
  readonly encoding: string;
  readonly dialect: CsvDialect;
  readonly columns: readonly string[];
  /** Whether the header was taken for one only because nothing spoke against it. */
  readonly headerGuessed?: boolean;
  /** The header record as it stood, without its line end; null where the file has none. */
  readonly headerText: string | null;
  readonly records: number;
  readonly segments: readonly CsvSegment[];
  /** Null where the file is not UTF-8, or its line ends differ. */
  readonly origin: CsvOrigin | null;
}

/** What became of an upload's rows: `rowsInFile = appended + rejected`. */
export interface Receipt {
  readonly rowsInFile: number;
  readonly appended: number;
  readonly rejected: number;
  readonly tableRowsBefore: number;
  readonly tableRowsAfter: number;
  readonly columns: readonly ColumnFormat[];
  readonly warnings: readonly string[];
}

/** Why an upload failed: the fields of a problem document. */
export interface UploadError {
  readonly code: string;
  readonly detail: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface Upload {
  readonly id: UploadId;
  readonly customerId: CustomerId;
  readonly status: UploadStatus;
  readonly filename: string | null;
  readonly options: UploadOptions;
  /** As the sender gave it in the header of that name. */
  readonly idempotencyKey: string | null;
  /** The failed upload whose bytes these are. */
  readonly retryOf: UploadId | null;
  /** The upload whose rejected rows this one brings, mended. */
  readonly corrects: UploadId | null;
  /** The latest acknowledged upload that brings this one's rejected rows, mended. */
  readonly correctedBy: UploadId | null;
  /** An earlier upload of the same customer with the same bytes, when this one was received. */
  readonly duplicateOf: EarlierUpload | null;
  readonly file: ReceivedFile | null;
  readonly receipt: Receipt | null;
  readonly error: UploadError | null;
  /** How many times loading it was begun. */
  readonly attempts: number;
  /** How many of them ended because the engine died. */
  readonly engineDeaths: number;
  readonly createdAt: Date;
  readonly receivedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Until when the bytes of a failed upload are kept, so that it can be tried again; null where they are gone. */
  readonly retryUntil: Date | null;
}

/** An upload whose bytes are arriving: nothing else has happened to it. */
export function newUpload(
  upload: Pick<
    Upload,
    'id' | 'customerId' | 'filename' | 'options' | 'idempotencyKey' | 'retryOf' | 'corrects' | 'createdAt'
  >,
): Upload {
  return {
    ...upload,
    status: 'receiving',
    correctedBy: null,
    duplicateOf: null,
    file: null,
    receipt: null,
    error: null,
    attempts: 0,
    engineDeaths: 0,
    receivedAt: null,
    finishedAt: null,
    retryUntil: null,
  };
}

/** What the sender asked for, and what of an earlier upload it was that has come up. */
export type Received =
  | { readonly kind: 'received'; readonly upload: Upload }
  /** The idempotency key was used before; nothing is changed. */
  | { readonly kind: 'key_used'; readonly earlier: Upload }
  /** The bytes came before, and duplicates are to be rejected; nothing is changed. */
  | { readonly kind: 'duplicate'; readonly earlier: Upload }
  /** As much waits as may; nothing is changed. */
  | { readonly kind: 'queue_full'; readonly limit: QueueLimit };
