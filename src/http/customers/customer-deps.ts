import type { Catalog } from '../../catalog/catalog.ts';
import type { Customer } from '../../catalog/customer.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { CustomerAccess } from '../../model/customer-access.ts';
import { customerNotFound } from '../../model/not-found.ts';
import type { TableDeps } from '../tables/table.route.ts';
import type { UploadsDeps } from '../uploads/upload-body.route.ts';
import type { CustomersDeps } from './customers.route.ts';
import type { KeysDeps } from './keys.route.ts';

type CustomerDeps = KeysDeps &
  TableDeps &
  Pick<CustomersDeps, 'admin' | 'deleteCustomer'> &
  Pick<UploadsDeps, 'listUploads'>;

/** The catalog as handlers see it: whatever is about one customer asks for a access, so none can be named freely. */
export function customerDeps(catalog: Catalog, ingest: Pick<Ingest, 'deleteCustomer'>): CustomerDeps {
  return {
    admin: {
      createCustomer: (customer) => catalog.createCustomer(customer),
      listCustomers: (page) => catalog.listCustomers(page),
    },
    async customer({ customerId }: CustomerAccess): Promise<Customer> {
      const customer = await catalog.findCustomer(customerId);
      if (customer) return customer;
      throw customerNotFound(customerId);
    },
    addKey: ({ customerId }, { id, hash, label, rights }) => catalog.addKey({ id, customerId, hash, label, rights }),
    listKeys: ({ customerId }) => catalog.listKeys(customerId),
    revokeKey: ({ customerId }, keyId) => catalog.revokeKey(customerId, keyId),
    listUploads: ({ customerId }, page) => catalog.listUploads(customerId, page),
    deleteCustomer: (access) => ingest.deleteCustomer(access),
  };
}
