import type { CustomerId } from '../model/ids.ts';

export type KeyRight = 'read' | 'upload' | 'undo';

export interface ApiKey {
  readonly id: string;
  readonly customerId: CustomerId;
  readonly label: string | null;
  readonly rights: readonly KeyRight[];
  readonly createdAt: Date;
  readonly revokedAt: Date | null;
}

export interface AddedKey extends Pick<ApiKey, 'id' | 'customerId' | 'label' | 'rights'> {
  readonly hash: string;
}

export interface ApiKeys {
  /** @throws Problem customer_not_found */
  addKey(key: AddedKey): Promise<ApiKey>;
  /** @returns null if no key has this hash, or it was revoked */
  findKeyByHash(hash: string): Promise<ApiKey | null>;
  /** Oldest first, including revoked keys. */
  listKeys(customerId: CustomerId): Promise<readonly ApiKey[]>;
  /** @returns false if the customer has no such key, or it was revoked before */
  revokeKey(customerId: CustomerId, keyId: string): Promise<boolean>;
}
