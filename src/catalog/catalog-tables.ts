import type { ColumnType, Generated, Selectable } from 'kysely';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { Micros } from './catalog.ts';
import type { UploadStatus } from './upload.ts';

/** A column that is null unless something is written into it. */
type Optional<Read, Written = Read> = ColumnType<Read | null, Written | null | undefined, Written | null>;

/** Microseconds pass 2^53 in the year 2255: a dialect reads integers as numbers while they are safe, else as bigints. */
type StoredMicros = Optional<number | bigint, Micros>;

/** JSON text. */
type Json = string;

/** Milliseconds since 1970-01-01T00:00:00Z. */
type Millis = number;

interface CustomersTable {
  id: CustomerId;
  created_at: Millis;
  /** 1 where the first upload made the customer appear, 0 where it was created. */
  appeared: 0 | 1;
  /** 1 from when its deletion was begun. */
  in_deletion: Generated<number>;
  declared_time_column: Optional<string>;
  declared_columns: Optional<Json>;
  /** Null until the first commit, as is all of the table's state. */
  table_columns: Optional<Json>;
  time_column: Optional<string>;
  row_count: Generated<number>;
  version: Generated<number>;
  /** Uploads that were undone. */
  generation: Generated<number>;
  first_row_at: StoredMicros;
  earliest_at: StoredMicros;
  latest_at: StoredMicros;
  /** The tag given out last; none is given twice. */
  last_tag: Generated<number>;
  /** The number of the latest upload. */
  last_upload: Generated<number>;
  /** When an upload of it was last taken from the queue. */
  last_claimed_at: Generated<Millis>;
}

interface ApiKeysTable {
  id: string;
  customer_id: CustomerId;
  hash: string;
  label: string | null;
  rights: Json;
  created_at: Millis;
  revoked_at: Optional<Millis>;
}

interface UploadsTable {
  id: UploadId;
  customer_id: CustomerId;
  /** Counts the customer's uploads, so that their order does not hang on a clock. */
  number: number;
  status: UploadStatus;
  filename: string | null;
  options: Json;
  idempotency_key: Optional<string>;
  retry_of: Optional<UploadId>;
  corrects: Optional<UploadId>;
  corrected_by: Optional<UploadId>;
  /** Digest of the file, once it is acknowledged. */
  sha256: Optional<string>;
  /** Bytes that lie in the spool until they are rows, once it is acknowledged. */
  spool_bytes: Optional<number>;
  duplicate_of: Optional<UploadId>;
  duplicate_of_at: Optional<Millis>;
  /** 1 where nothing of it is kept, whatever its status. */
  dry_run: Generated<number>;
  file: Optional<Json>;
  receipt: Optional<Json>;
  error: Optional<Json>;
  attempts: Generated<number>;
  engine_deaths: Generated<number>;
  created_at: Millis;
  received_at: Optional<Millis>;
  finished_at: Optional<Millis>;
  retry_until: Optional<Millis>;
  /** Null unless an attempt holds the upload. A lease that ran out still holds until it is taken over or ended. */
  lease_owner: Optional<string>;
  lease_until: Optional<Millis>;
  /** The tag of the attempt that holds the upload, or of the one that was committed. */
  tag: Optional<number>;
  /** What the committed attempt brought: the table's state can be found anew when an upload is taken back. */
  row_count: Optional<number>;
  first_row_at: StoredMicros;
  earliest_at: StoredMicros;
  latest_at: StoredMicros;
}

/** Tags that are not committed. A row outlives its upload where rows of the attempt may be left. */
interface AttemptsTable {
  customer_id: CustomerId;
  tag: number;
  upload_id: UploadId;
}

/** The catalog's tables, made by `migrations/`. */
export interface CatalogTables {
  customers: CustomersTable;
  api_keys: ApiKeysTable;
  uploads: UploadsTable;
  attempts: AttemptsTable;
}

export type CustomerRow = Selectable<CustomersTable>;
export type ApiKeyRow = Selectable<ApiKeysTable>;
export type UploadRow = Selectable<UploadsTable>;

/** Reads a stored time. */
export function micros(stored: number | bigint | null): Micros | null {
  return stored === null ? null : BigInt(stored);
}
