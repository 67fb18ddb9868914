import type { Catalog, Customer, UploadStatus } from '../catalog/catalog.ts';
import { Problem } from '../errors.ts';
import type { Ingest } from '../ingest/ingest.ts';
import type { Grant } from '../table/grant.ts';
import type { TableStore } from '../table-store/table-store.ts';
import type { CustomersPorts } from './customers.route.ts';
import type { KeysPorts } from './keys.route.ts';
import type { TablePorts } from './table.route.ts';
import type { UploadsPorts } from './uploads.route.ts';

const UNDER_WAY: readonly UploadStatus[] = ['receiving', 'received', 'ingesting'];

type CustomerPorts = KeysPorts &
  TablePorts &
  Pick<CustomersPorts, 'admin' | 'deleteCustomer'> &
  Pick<UploadsPorts, 'listUploads'>;

/** The catalog as handlers see it: whatever is about one customer asks for a grant, so none can be named freely. */
export function customerPorts(
  catalog: Catalog,
  tables: TableStore,
  ingest: Pick<Ingest, 'removeFiles'>,
): CustomerPorts {
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
    async deleteCustomer(grant) {
      const { customerId } = grant;
      const underWay = (await catalog.uploadsInStatus(UNDER_WAY)).filter((upload) => upload.customerId === customerId);
      if (underWay.length > 0) {
        const uploads = underWay.map(({ id }) => id);
        const detail = `${underWay.length} of the uploads of customer ${customerId} have not ended.`;
        throw new Problem('customer_busy', detail, { uploads });
      }
      // In this order a deletion that a crash cuts in two can be asked for again.
      await tables.drop(customerId);
      await ingest.removeFiles(grant);
      await catalog.deleteCustomer(customerId);
    },
  };
}
