import type { CustomerId } from './ids.ts';

declare const granted: unique symbol;

/** A permission of a key. Only the administrator has `admin`. */
export type Right = 'read' | 'upload' | 'admin';

/**
 * Permission to act for one customer. Everything that reads or changes a customer's rows or uploads requires one, and only
 * `http/access/access.ts` creates them, after it has authorised the caller: no handler can forget the check.
 */
export interface CustomerAccess {
  readonly customerId: CustomerId;
  /** Whether the customer, if it does not exist, is created by its first upload. */
  readonly customerMayAppear: boolean;
  readonly [granted]: true;
}

/** Only for `http/access/access.ts`: the linter refuses it elsewhere. */
export function dangerouslyAllow(customerId: CustomerId, customerMayAppear = false): CustomerAccess {
  return { customerId, customerMayAppear } as CustomerAccess;
}
