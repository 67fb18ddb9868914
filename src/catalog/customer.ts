import type { CustomerId, TableId, UploadId } from '../model/ids.ts';
import type { DeclaredColumn } from '../model/parsed-columns.ts';
import type { AddedKey, ApiKey } from './api-key.ts';
import type { Page, PageRequest } from './page.ts';
import type { TableState } from './table-state.ts';
import type { CustomerDefaults } from './upload-options.ts';

export interface Customer {
  readonly id: CustomerId;
  readonly createdAt: Date;
  /** It appeared with an upload and has never had a table: it disappears if no upload is kept. */
  readonly isProvisional: boolean;
  /** The time column declared when the customer was created; null: chosen from the first file. */
  readonly declaredTimeColumn: string | null;
  /** The columns declared when the customer was created, null: taken from the first file. */
  readonly declaredColumns: readonly DeclaredColumn[] | null;
  /** Options of its uploads, unless they say otherwise. */
  readonly defaults: CustomerDefaults;
  /** Null until the first upload is committed. */
  readonly table: TableState | null;
}

/** A deletion that has started and has not ended. */
export interface Deletion {
  readonly customerId: CustomerId;
  /** Distinguishes the customer from a later one with the same ID. */
  readonly createdAt: Date;
  /** The tables to drop. */
  readonly tableIds: readonly TableId[];
}

export type DeletionStart =
  | { readonly kind: 'begun'; readonly deletion: Deletion }
  /** It has unfinished uploads: nothing is changed. */
  | { readonly kind: 'busy'; readonly uploads: readonly UploadId[] }
  | { readonly kind: 'not_found' };

export interface CreatedCustomer {
  readonly id: CustomerId;
  readonly timeColumn: string | null;
  readonly columns: readonly DeclaredColumn[] | null;
  /** Default: none. */
  readonly defaults?: CustomerDefaults;
}

export interface Customers {
  createCustomer(customer: CreatedCustomer): Promise<Customer | 'exists'>;
  /** Creates a customer and its first key, or neither. */
  createCustomerWithKey(
    customer: CreatedCustomer,
    key: Omit<AddedKey, 'customerId'>,
  ): Promise<{ readonly customer: Customer; readonly apiKey: ApiKey } | 'exists'>;
  findCustomer(id: CustomerId): Promise<Customer | null>;
  /** By ID, ascending. */
  listCustomers(page: PageRequest): Promise<Page<Customer>>;
  /** Starts the deletion of a customer, which then accepts no uploads and has no table. Idempotent. */
  beginDeletion(id: CustomerId): Promise<DeletionStart>;
  /** @returns the customer's deletion if it has started and has not ended; null otherwise */
  findDeletion(id: CustomerId): Promise<Deletion | null>;
  /** Customers whose deletion has started. */
  customersInDeletion(): Promise<readonly CustomerId[]>;
  /**
   * Completes a deletion: removes the customer, its keys, uploads and webhooks.
   *
   * @returns false if another process has completed it. A later customer with the same ID stays, even in its own deletion
   */
  endDeletion(deletion: Deletion): Promise<boolean>;
}
