import type { ApiKey } from '../../catalog/api-key.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import type { Customer } from '../../catalog/customer.ts';
import type { Page } from '../../catalog/page.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { customerNotFound } from '../../model/not-found.ts';
import type { NewKey } from './api-keys.ts';

/** The catalog as handlers see it. Everything that belongs to a customer requires access to it, so no check can be forgotten. */
export interface CustomerCatalog {
  /** @throws Problem customer_not_found */
  customer(access: CustomerAccess): Promise<Customer>;
  /** Newest first. */
  listUploads(
    access: CustomerAccess,
    page: { readonly after: string | null; readonly limit: number },
  ): Promise<Page<Upload>>;
  addKey(access: CustomerAccess, key: NewKey & Pick<ApiKey, 'label' | 'rights'>): Promise<ApiKey>;
  listKeys(access: CustomerAccess): Promise<readonly ApiKey[]>;
  /** @returns false if the customer has no such key, or it is revoked already */
  revokeKey(access: CustomerAccess, keyId: string): Promise<boolean>;
  /** For routes that only the administrator may use. */
  readonly admin: Pick<Catalog, 'createCustomerWithKey' | 'listCustomers'>;
}

export function customerCatalog(catalog: Catalog): CustomerCatalog {
  return {
    async customer({ customerId }) {
      const customer = await catalog.findCustomer(customerId);
      if (customer) return customer;
      throw customerNotFound(customerId);
    },
    listUploads: ({ customerId }, page) => catalog.listUploads(customerId, page),
    addKey: ({ customerId }, { id, hash, label, rights }) => catalog.addKey({ id, customerId, hash, label, rights }),
    listKeys: ({ customerId }) => catalog.listKeys(customerId),
    revokeKey: ({ customerId }, keyId) => catalog.revokeKey(customerId, keyId),
    admin: {
      createCustomerWithKey: (customer, key) => catalog.createCustomerWithKey(customer, key),
      listCustomers: (page) => catalog.listCustomers(page),
    },
  };
}
