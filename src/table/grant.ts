import type { CustomerId } from './ids.ts';

declare const granted: unique symbol;

/** A right that a key can carry. `admin` is the administrator's alone. */
export type Right = 'read' | 'upload' | 'admin';

/**
 * Leave to act for one customer. Whatever touches a customer's rows or uploads asks for a grant, and only
 * `http/access.ts` gives one, after it has looked at who is calling: so no handler can forget to ask.
 */
export interface Grant {
  readonly customerId: CustomerId;
  readonly [granted]: true;
}

/** For `http/access.ts` only; the linter refuses it elsewhere. */
export function dangerouslyGrant(customerId: CustomerId): Grant {
  return { customerId } as Grant;
}
