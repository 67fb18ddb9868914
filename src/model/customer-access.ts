import type { CustomerId } from './ids.ts';

declare const granted: unique symbol;

/**
 * A permission of a key. `read`: everything of the customer. `upload`: send files, and follow, cancel and retry the uploads that
 * were sent with the same key. `undo`: cancel and undo any upload of the customer. Only the administrator has `admin`.
 */
export type Right = 'read' | 'upload' | 'undo' | 'admin';

export const ALL_RIGHTS: readonly Right[] = ['read', 'upload', 'undo', 'admin'];

/**
 * Permission to act for one customer. Everything that reads or changes a customer's rows or uploads requires one, and only
 * `http/access/access.ts` creates them, after it has authorised the caller: no handler can forget the check.
 */
export interface CustomerAccess {
  readonly customerId: CustomerId;
  /** Whether the customer, if it does not exist, is created by its first upload. */
  readonly customerMayAppear: boolean;
  /** The key that the caller authenticated with; null for the administrator, and if the server runs without keys. */
  readonly keyId: string | null;
  /** What the caller may do; everything without a key of the customer. */
  readonly rights: readonly Right[];
  readonly [granted]: true;
}

/** Only for `http/access/access.ts`: the linter refuses it elsewhere. */
export function dangerouslyAllow(
  customerId: CustomerId,
  caller: Partial<Pick<CustomerAccess, 'customerMayAppear' | 'keyId' | 'rights'>> = {},
): CustomerAccess {
  const { customerMayAppear = false, keyId = null, rights = ALL_RIGHTS } = caller;
  return { customerId, customerMayAppear, keyId, rights } as CustomerAccess;
}

/**
 * Whether a caller may know of an upload: with the right to read, or as the one that sent it.
 *
 * @param right that also allows it for uploads that were sent with other keys
 */
export function mayAccessUpload(
  { customerId, keyId, rights }: CustomerAccess,
  upload: { readonly customerId: CustomerId; readonly keyId: string | null },
  right: Right = 'read',
): boolean {
  if (upload.customerId !== customerId) return false;
  return rights.includes(right) || (keyId !== null && upload.keyId === keyId);
}
