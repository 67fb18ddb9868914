import type { Catalog } from '../catalog/catalog.ts';
import type { SpoolPlace } from '../ingest/spool/spool.ts';
import type { CustomerId, UploadId } from '../model/ids.ts';
import type { Checksums, TableCopies } from '../table-store/table-copies.ts';
import type { TableStore } from '../table-store/table-store.ts';

/** Everything of a Thena that does not run. */
export interface MoveSide {
  /** For people. */
  readonly name: string;
  readonly catalog: Catalog;
  readonly tables: TableStore;
  readonly copies: TableCopies;
  readonly place: SpoolPlace;
}

export interface MoveDeps {
  readonly source: MoveSide;
  readonly target: MoveSide;
  readonly checksums: Checksums;
  /** Where files are written on their way from one table to the other. */
  readonly directory: string;
  /** Called for each customer that was moved, also by an earlier run. */
  readonly report: (moved: MovedCustomer) => Promise<void>;
  /** Called for each file of rows that the target has. */
  readonly onProgress: (progress: MoveProgress) => void;
  /** @throws SettingError if the cluster is in use. Called before the end of the move */
  readonly confirm: () => Promise<void>;
  /** Ends the move between two steps. The next one continues. */
  readonly signal: AbortSignal;
}

export interface MovedCustomer {
  readonly customerId: CustomerId;
  /** Null: by an earlier run. */
  readonly rows: number | null;
  /** Its unfinished and retryable uploads, and resumable files, of which the source has lost bytes. They are as unusable as before the move. */
  readonly withoutBytes: readonly UploadId[];
}

/** Of one customer. */
export interface MoveProgress {
  readonly customerId: CustomerId;
  /** How many rows the target has. */
  readonly rows: number;
  readonly totalRows: number;
}
