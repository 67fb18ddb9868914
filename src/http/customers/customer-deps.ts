import type { Catalog, Customer } from '../../catalog/catalog.ts';
import { Problem } from '../../errors.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Grant } from '../../model/customer-access.ts';
import type { CustomersPorts } from './customers.route.ts';
import type { KeysPorts } from './keys.route.ts';
import type { TablePorts } from '../tables/table.route.ts';
import type { UploadsPorts } from '../uploads/upload-body.route.ts';

type CustomerPorts = KeysPorts &
  TablePorts &
  Pick<CustomersPorts, 'admin' | 'deleteCustomer'> &
  Pick<UploadsPorts, 'listUploads'>;

/** The catalog as handlers see it: whatever is about one customer asks for a grant, so none can be named freely. */
export function customerPorts(catalog: Catalog, ingest: Pick<Ingest, 'deleteCustomer'>): CustomerPorts {
  return {
    admin: {
      createCustomer: (customer) => catalog.createCustomer(customer),
      listCustomers: (page) => catalog.listCustomers(page),
    },
    async customer({ customerId }: Grant): Promise<Customer> {
      const customer = await catalog.findCustomer(customerId);
      if (customer) return customer;
      throw new Problem('customer_not_found', `There is no customer '${customerId}'.`);
    },
    addKey: ({ customerId }, { id, hash, label, rights }) => catalog.addKey({ id, customerId, hash, label, rights }),
    listKeys: ({ customerId }) => catalog.listKeys(customerId),
    revokeKey: ({ customerId }, keyId) => catalog.revokeKey(customerId, keyId),
    listUploads: ({ customerId }, page) => catalog.listUploads(customerId, page),
    deleteCustomer: (grant) => ingest.deleteCustomer(grant),
  };
}
