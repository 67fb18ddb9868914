import { randomBytes, randomUUID } from 'node:crypto';

declare const brand: unique symbol;

/** A customer ID in its canonical form: lower case, `[a-z0-9][a-z0-9_-]{0,63}`. Safe in file names and URLs. */
export type CustomerId = string & { readonly [brand]: 'CustomerId' };

/** An upload ID: a lower-case UUID. Safe in file names and URLs. */
export type UploadId = string & { readonly [brand]: 'UploadId' };

/** Identifies one table of a customer: 12 lower-case hexadecimal digits. After a deletion, the next table has another ID. */
export type TableId = string & { readonly [brand]: 'TableId' };

/** Names a table. A customer has one at a time, and for a while those of first uploads that were not committed. No two tables ever have the same ID. */
export interface TableName {
  readonly customerId: CustomerId;
  readonly tableId: TableId;
}

const CUSTOMER_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const UPLOAD_ID = /^[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}$/;

/**
 * Parses a customer ID from a form field, a URL or a JSON value. JSON numbers and strings are equivalent (`1000` is `"1000"`), and
 * ASCII letters are converted to lower case. Nothing else is changed: white space is not trimmed, and the Kelvin sign (U+212A),
 * whose lower case is `k`, is no letter of an ID.
 *
 * @returns the canonical ID, or null if the value is not a customer ID
 */
export function parseCustomerId(value: unknown): CustomerId | null {
  if (typeof value === 'number')
    return Number.isSafeInteger(value) && value >= 0 ? (String(value) as CustomerId) : null;
  if (typeof value !== 'string') return null;
  return CUSTOMER_ID.test(value) ? (value.toLowerCase() as CustomerId) : null;
}

/** @returns the canonical ID, or null if the value is not an upload ID */
export function parseUploadId(value: unknown): UploadId | null {
  if (typeof value !== 'string') return null;
  return UPLOAD_ID.test(value) ? (value.toLowerCase() as UploadId) : null;
}

export function newUploadId(): UploadId {
  return randomUUID() as UploadId;
}

export function newTableId(): TableId {
  return randomBytes(6).toString('hex') as TableId;
}
