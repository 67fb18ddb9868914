import type { CustomerId, TableId, TableName, UploadId } from '../model/ids.ts';
import type { TableColumn } from '../model/parsed-columns.ts';

/** Microseconds since 1970-01-01T00:00:00Z. */
export type Micros = bigint;

/** A customer's table as of its latest commit. Reading it is O(1). */
export interface TableState {
  readonly tableId: TableId;
  readonly columns: readonly TableColumn[];
  readonly timeColumn: string | null;
  readonly rows: number;
  /** Incremented by every commit and undo. */
  readonly version: number;
  /** The time of the first row that has one, in upload and line order. */
  readonly firstRowAt: Micros | null;
  readonly earliestAt: Micros | null;
  readonly latestAt: Micros | null;
}

/** What a query needs to read exactly the rows of one state of a table. */
export interface TableForReading {
  readonly table: TableState;
  /** Tags whose rows do not belong to the state. */
  readonly uncommittedTags: readonly number[];
  /** Rows with greater tags do not belong to the state either: their attempts started later. */
  readonly lastTag: number;
  /**
   * When this state became the current one, or shortly later: no two states have the same second. Null if an earlier version of Thena
   * did not record it.
   */
  readonly changedAt: Date | null;
  /** Incremented by every undo. The rows of an undone upload may be deleted at any time, even during a read. */
  readonly generation: number;
  /** Distinguishes the customer from an earlier one with the same ID. */
  readonly createdAt: Date;
}

/** @param now the same table, after a read. @returns whether every row of `view` was still there */
export function hasSameRows(view: TableForReading, now: TableForReading | null): now is TableForReading {
  return now !== null && now.generation === view.generation && now.createdAt.getTime() === view.createdAt.getTime();
}

/** A committed upload, its number of rows, and the size of its file as UTF-8. */
export interface CommittedRows {
  readonly tag: number;
  readonly rows: number;
  readonly bytes: number;
}

/** The tag of an attempt whose rows belong to no table: the attempt is in progress, failed, or was undone. */
export interface UncommittedTag extends TableName {
  readonly uploadId: UploadId;
  readonly tag: number;
  /** The table is its customer's. If not, it can be dropped. */
  readonly isTableInUse: boolean;
  /** A process that has lost the lease may still write such rows: they are to be deleted, and the tag is not to be forgotten yet. */
  readonly mayBeWritten: boolean;
}

export interface TableStates {
  /** @returns null until the customer's first upload is committed */
  tableForReading(customerId: CustomerId): Promise<TableForReading | null>;
  /** The committed uploads of the customer's table, in the order of their rows. */
  committedRows(customerId: CustomerId): Promise<readonly CommittedRows[]>;
  /** The tags that every query of the customer's table excludes. Nearly always empty. */
  uncommittedTags(customerId: CustomerId): Promise<readonly number[]>;
  /**
   * Uncommitted tags whose rows are to be deleted, because no valid lease holds them. Ends the leases that have expired. One that may
   * still be written is returned until its rows were purged, and again once it is certain that it is not. If the last upload of a
   * table is undone while an attempt is loading into it, its tag is not returned before that has ended: until then only it shows that
   * the table may have to be dropped.
   */
  deadTags(): Promise<readonly UncommittedTag[]>;
  /** To be called once the rows of a tag are deleted that may still be written. */
  markPurged(table: TableName, tag: number): Promise<void>;
  /** To be called once the rows of these tags are deleted. A tag that an attempt holds is not forgotten. */
  forgetTags(table: TableName, tags: readonly number[]): Promise<void>;
  /** @returns those of the tables that are neither their customer's nor that of an uncommitted tag: no attempt will ever have them */
  unknownTables(tables: readonly TableName[]): Promise<readonly TableName[]>;
}
