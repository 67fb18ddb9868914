import type { CreateCustomer, CreatedCustomer, Customer, CustomerPage } from '../src/api/customers.ts';
import type { ApiKey, ApiKeyPage, CreateApiKey, NewApiKey } from '../src/api/keys.ts';
import type { PageQuery } from '../src/api/pages.ts';
import type { Connection } from './connection.ts';
import { itemsOf } from './pages.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
}

export interface CustomerCalls {
  /** All customers, for the administrator. */
  customers(options?: Options): AsyncGenerator<Customer, void>;
  /** One page of them. */
  listCustomers(query?: PageQuery, options?: Options): Promise<CustomerPage>;
  customer(customerId: string, options?: Options): Promise<Customer>;
  createCustomer(customer: CreateCustomer): Promise<CreatedCustomer>;
  /** Deletes the customer, its table and its keys. */
  deleteCustomer(customerId: string): Promise<void>;
  keys(customerId: string, options?: Options): Promise<readonly ApiKey[]>;
  createKey(customerId: string, key?: CreateApiKey): Promise<NewApiKey>;
  revokeKey(customerId: string, keyId: string): Promise<void>;
}

export function customerCalls(connection: Connection): CustomerCalls {
  const path = (customerId: string): string => `/api/v1/customers/${encodeURIComponent(customerId)}`;
  const listCustomers = (query: PageQuery = {}, { signal }: Options = {}): Promise<CustomerPage> =>
    connection.json('/api/v1/customers', { query, signal });
  return {
    customers: (options) => itemsOf((cursor) => listCustomers(cursor === null ? {} : { cursor }, options)),
    listCustomers,
    customer: (customerId, { signal } = {}) => connection.json(path(customerId), { signal }),
    createCustomer: (customer) => connection.json('/api/v1/customers', { method: 'POST', json: customer }),
    async deleteCustomer(customerId) {
      await connection.send(path(customerId), { method: 'DELETE' });
    },
    async keys(customerId, { signal } = {}) {
      return (await connection.json<ApiKeyPage>(`${path(customerId)}/keys`, { signal })).items;
    },
    createKey: (customerId, key = {}) => connection.json(`${path(customerId)}/keys`, { method: 'POST', json: key }),
    async revokeKey(customerId, keyId) {
      await connection.send(`${path(customerId)}/keys/${encodeURIComponent(keyId)}`, { method: 'DELETE' });
    },
  };
}
