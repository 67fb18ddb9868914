import type { CustomerId, TableName } from '../model/ids.ts';

/** Rows of one table of the catalog. */
export interface CopiedRows {
  readonly table: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** A move into this catalog that has not ended. */
export interface Move {
  /** What is moved into it, for people. */
  readonly source: string;
}

/** Copies customers from one catalog to another, for a move. Nothing else may use either of them. */
export interface CatalogCopies {
  /**
   * All customers in the order of their IDs, also those that have nothing but resumable files; without those that appeared only for an upload
   * that was not acknowledged.
   */
  customers(): AsyncGenerator<CustomerId>;
  /** Whether the catalog has anything of a customer. */
  hasCustomer(customerId: CustomerId): Promise<boolean>;
  /**
   * All that the catalog has of a customer, as it is after a crash and a restart: without uploads that were not acknowledged, without
   * attempts, and nothing is leased. Rows come after those that they refer to.
   */
  readCustomer(customerId: CustomerId): AsyncGenerator<CopiedRows>;
  /** Writes all rows of a customer, or none. */
  writeCustomer(rows: AsyncIterable<CopiedRows>): Promise<void>;
  /** Removes all that the catalog has of a customer. */
  removeCustomer(customerId: CustomerId): Promise<void>;
  /** The move into this catalog, if there is one. Until it has ended, the catalog must not be used. */
  move(): Promise<Move | null>;
  /** @returns the move that is in progress already, or `not_empty` if the catalog has customers of its own, or their files */
  beginMove(source: string): Promise<Move | 'not_empty'>;
  /** Notes that the move makes a table, before it does. */
  addMoveTable(table: TableName): Promise<void>;
  /** The tables that the move has made, or was about to make. They may have been in the catalog of the source, and not be any more. */
  moveTables(): AsyncGenerator<TableName>;
  /** Forgets a table that was dropped. */
  removeMoveTable(table: TableName): Promise<void>;
  /** Ends the move, and forgets its tables. */
  endMove(): Promise<void>;
}
