import type { ColumnType, Generated, Selectable } from 'kysely';
import type { CustomerId, TableId, UploadId } from '../../model/ids.ts';
import type { Micros } from '../table-state.ts';
import type { UploadStatus } from '../upload.ts';
import type { DeliveryStatus, DisabledReason, EventType } from '../webhook.ts';

/** A nullable column that inserts may omit. */
type Optional<Read, Written = Read> = ColumnType<Read | null, Written | null | undefined, Written | null>;

/** Microseconds exceed 2^53 in the year 2255: a dialect reads integers as numbers if they are safe, else as bigints. */
type StoredMicros = Optional<number | bigint, Micros>;

/** JSON, as text. */
type Json = string;

/** Milliseconds since 1970-01-01T00:00:00Z. */
type Millis = number;

interface CustomersTable {
  id: CustomerId;
  created_at: Millis;
  /** 1 if the customer appeared with its first upload, 0 if it was created by a request. */
  appeared: 0 | 1;
  /** 1 once its deletion has started. */
  in_deletion: Generated<number>;
  declared_time_column: Optional<string>;
  declared_columns: Optional<Json>;
  /** Null: no option has a default of the customer. */
  defaults: Optional<Json>;
  /** The customer's table; null if it has none. During its deletion: the one to drop. */
  table_id: Optional<TableId>;
  /** Null until the first commit, like the rest of the table's state. */
  table_columns: Optional<Json>;
  time_column: Optional<string>;
  row_count: Generated<number>;
  version: Generated<number>;
  /** When the version became the current one. Null until the first commit. */
  changed_at: Optional<Millis>;
  /** The number of undone uploads. */
  generation: Generated<number>;
  first_row_at: StoredMicros;
  earliest_at: StoredMicros;
  latest_at: StoredMicros;
  /** The latest tag. No tag is used twice. */
  last_tag: Generated<number>;
  /** The number of the latest upload. */
  last_upload: Generated<number>;
  /** When an upload of the customer was last claimed. */
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

interface SessionsTable {
  /** Of the session's secret. */
  hash: string;
  /** Null: the administrator's. */
  key_id: string | null;
  admin_proof: string | null;
  created_at: Millis;
  expires_at: Millis;
}

interface UploadsTable {
  id: UploadId;
  customer_id: CustomerId;
  /** Counts the uploads of a customer: their order does not depend on a clock. */
  number: number;
  status: UploadStatus;
  /** The instance that receives it, or has received it. Not a reference. */
  receiver: Optional<string>;
  filename: string | null;
  options: Json;
  /** Not a reference: a key may be gone before its uploads. */
  key_id: Optional<string>;
  idempotency_key: Optional<string>;
  retry_of: Optional<UploadId>;
  corrects: Optional<UploadId>;
  corrected_by: Optional<UploadId>;
  /** Set by the acknowledgement. */
  sha256: Optional<string>;
  /** Size of the segments in the spool. Set by the acknowledgement. */
  spool_bytes: Optional<number>;
  duplicate_of: Optional<UploadId>;
  duplicate_of_at: Optional<Millis>;
  /** 1 if nothing of the upload is kept. */
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
  /** Null unless an attempt holds the upload. An expired lease is held until it is taken over or ended. */
  lease_owner: Optional<string>;
  lease_until: Optional<Millis>;
  /** The tag of the attempt that holds the upload, or of the committed one. */
  tag: Optional<number>;
  /** When a client asked to cancel it: what receives or loads it has to obey. */
  cancel_requested_at: Optional<Millis>;
  /** This and the times below are of the committed attempt. After an undo the state of the table is computed from them. */
  row_count: Optional<number>;
  /** `ColumnUse`s; null: each column has values of the type that it was created with, or none. */
  column_uses: Optional<Json>;
  first_row_at: StoredMicros;
  earliest_at: StoredMicros;
  latest_at: StoredMicros;
}

/** Uncommitted tags. An entry outlives its upload if the table may still contain rows of the attempt. */
interface AttemptsTable {
  customer_id: CustomerId;
  tag: number;
  upload_id: UploadId;
  /** The table that the attempt writes into. */
  table_id: TableId;
  /** The instance that may still write such rows; null if it certainly does not. Not a reference. */
  owner: Optional<string>;
  /** When it was found that the owner had lost the lease. */
  lost_at: Optional<Millis>;
  /** 1 once its rows were deleted after that. */
  is_purged: Generated<number>;
}

/** The instances that are alive, one per node. */
interface NodesTable {
  node_id: string;
  instance_id: string;
  /** Of Thena. */
  version: Optional<string>;
  started_at: Millis;
  seen_at: Millis;
  host: Optional<string>;
  pid: Optional<number>;
}

/** How far uploads are, as saved by the processes that receive and load them. */
interface UploadProgressTable {
  upload_id: UploadId;
  bytes_received: number;
  rows_read: number;
}

/** Why uploads were refused that are not among the uploads any more. */
interface RefusedUploadsTable {
  upload_id: UploadId;
  customer_id: CustomerId;
  error: Json;
  expires_at: Millis;
}

/** Analyses that have been running for a while. */
interface RunningAnalysesTable {
  /** Distinguishes the processes that run analyses. */
  process: string;
  customer_id: CustomerId;
  id: string;
  name: string;
  started_at: Millis;
  fraction_done: number | null;
  /** 1 if a client asked to cancel it. */
  is_cancelled: Generated<number>;
  /** Unless its process saves it again. */
  expires_at: Millis;
}

interface WebhooksTable {
  id: string;
  customer_id: CustomerId;
  url: string;
  events: Json;
  description: string | null;
  /** Readable, because deliveries are signed with it. */
  secret: string;
  created_at: Millis;
  disabled_at: Optional<Millis>;
  disabled_reason: Optional<DisabledReason>;
  failing_since: Optional<Millis>;
}

interface WebhookEventsTable {
  id: string;
  customer_id: CustomerId;
  type: EventType;
  occurred_at: Millis;
  /** Null for a test. */
  upload_id: UploadId | null;
  /** The row of the upload as it was then. */
  upload: Json | null;
}

/** Events on their way to a webhook, as a queue. */
interface WebhookDeliveriesTable {
  webhook_id: string;
  event_id: string;
  /** Of the webhook and the event. */
  customer_id: CustomerId;
  occurred_at: Millis;
  status: DeliveryStatus;
  attempts: Json;
  /** Null once the delivery has ended. */
  next_attempt_at: Optional<Millis>;
  finished_at: Optional<Millis>;
  /** Null unless a process is sending it. */
  lease_owner: Optional<string>;
  lease_until: Optional<Millis>;
}

/** Has a row while data are being moved into this catalog. */
interface MovesTable {
  source: string;
}

/** The tables that this move has made, or was about to make. */
interface MoveTablesTable {
  customer_id: CustomerId;
  table_id: TableId;
}

/** One row. */
interface CatalogIdentityTable {
  id: string;
  /** Null until the first node of a cluster has started. */
  spool_id: Optional<string>;
}

/** The servers of the tables of a cluster, from position 1. */
interface ShardsTable {
  position: number;
  /** Its address. */
  name: string;
}

/** When what one of all nodes does was last begun. */
interface ChoresTable {
  name: string;
  begun_at: Millis;
}

interface ResumableFilesTable {
  id: UploadId;
  /** Not a reference: the customer may appear with its first upload. */
  customer_id: CustomerId;
  length: number;
  received: Generated<number>;
  /** A `ResumableFile`. */
  file: Json;
  created_at: Millis;
  /** When the last bytes arrived. */
  changed_at: Millis;
  /** Null unless a process is making it an upload. */
  lease_owner: Optional<string>;
  lease_until: Optional<Millis>;
}

interface ResumableChunksTable {
  file_id: UploadId;
  /** Its offset in the file. */
  start: number;
  bytes: number;
  /** In the spool. */
  name: string;
}

/** The tables of the catalog, as created by `migrations/`. */
export interface CatalogTables {
  customers: CustomersTable;
  api_keys: ApiKeysTable;
  sessions: SessionsTable;
  uploads: UploadsTable;
  attempts: AttemptsTable;
  nodes: NodesTable;
  upload_progress: UploadProgressTable;
  refused_uploads: RefusedUploadsTable;
  running_analyses: RunningAnalysesTable;
  webhooks: WebhooksTable;
  webhook_events: WebhookEventsTable;
  webhook_deliveries: WebhookDeliveriesTable;
  resumable_files: ResumableFilesTable;
  resumable_chunks: ResumableChunksTable;
  moves: MovesTable;
  move_tables: MoveTablesTable;
  catalog_identity: CatalogIdentityTable;
  shards: ShardsTable;
  chores: ChoresTable;
}

export type CustomerRow = Selectable<CustomersTable>;
export type ApiKeyRow = Selectable<ApiKeysTable>;
export type UploadRow = Selectable<UploadsTable>;
export type WebhookRow = Selectable<WebhooksTable>;
export type EventRow = Selectable<WebhookEventsTable>;
export type DeliveryRow = Selectable<WebhookDeliveriesTable>;

/** Converts a stored time. */
export function micros(stored: number | bigint | null): Micros | null {
  return stored === null ? null : BigInt(stored);
}
