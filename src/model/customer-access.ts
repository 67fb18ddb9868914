import type { CustomerId } from './ids.ts';

declare const granted: unique symbol;

/** A right that a key can carry. `admin` is the administrator's alone. */
export type Right = 'read' | 'upload' | 'admin';

/**
 * Leave to act for one customer. Whatever touches a customer's rows or uploads asks for a access, and only
 * `http/access.ts` gives one, after it has looked at who is calling: so no handler can forget to ask.
 */
export interface CustomerAccess {
  readonly customerId: CustomerId;
  /** Whether the customer, where there is none of that id, appears with its first upload. */
  readonly customerMayAppear: boolean;
  readonly [granted]: true;
}

/** For `http/access.ts` only; the linter refuses it elsewhere. */
export function dangerouslyAllow(customerId: CustomerId, customerMayAppear = false): CustomerAccess {
  return { customerId, customerMayAppear } as CustomerAccess;
}
