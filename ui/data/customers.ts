import {
  hashKey,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import { isProblem } from '../../client/thena-problem.ts';
import type { CreateCustomer, Customer } from '../../src/api/customers.ts';
import type { Upload } from '../../src/api/uploads.ts';
import { client } from './client.ts';
import { useMay } from './session.ts';

export const customersKey = ['customers'] as const;
/** Everything about a customer has a key that begins with this one. */
export const customerKey = (id: string) => ['customer', id] as const;
/** Everything that is read from a customer's table, and so changes with it, has a key that begins with this one. */
export const tableKey = (id: string) => [...customerKey(id), 'table'] as const;

export function useCustomers(enabled = true) {
  return useInfiniteQuery({
    queryKey: customersKey,
    enabled,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      client.listCustomers({ limit: 100, ...(pageParam && { cursor: pageParam }) }, { signal }),
    getNextPageParam: (page) => page.next_cursor,
  });
}

const stateKey = (id: string) => [...tableKey(id), 'state'] as const;

/** A customer with the state of its table; null if it does not exist yet. */
export function useCustomer(id: string) {
  const queries = useQueryClient();
  return useQuery({
    queryKey: stateKey(id),
    enabled: useMay('read'),
    queryFn: async ({ signal }): Promise<Customer | null> => {
      const before = queries.getQueryData<Customer | null>(stateKey(id));
      const customer = await customerOrNull(id, signal);
      // It was deleted, and another one may have its ID: nothing of what was read belongs to that.
      if (before && before.created_at !== customer?.created_at) forgetCustomer(queries, id);
      return customer;
    },
  });
}

async function customerOrNull(id: string, signal: AbortSignal): Promise<Customer | null> {
  try {
    return await client.customer(id, { signal });
  } catch (error) {
    if (isProblem(error, 'customer_not_found')) return null;
    throw error;
  }
}

/** Reads what is shown of a customer again, as if nothing had been read, and forgets the rest. */
function forgetCustomer(queries: QueryClient, id: string): void {
  const stateHash = hashKey(stateKey(id));
  void queries.resetQueries({
    predicate: ({ queryKey, queryHash, state }) =>
      queryHash !== stateHash &&
      (queryKey[1] === id || (queryKey[0] === 'upload' && (state.data as Upload | undefined)?.customer_id === id)),
  });
}

export function useCreateCustomer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (customer: CreateCustomer) => client.createCustomer(customer),
    onSuccess: () => queries.invalidateQueries({ queryKey: customersKey }),
  });
}

export function useDeleteCustomer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.deleteCustomer(id),
    onSuccess: async (_, id) => {
      queries.removeQueries({ queryKey: stateKey(id) });
      forgetCustomer(queries, id);
      await queries.invalidateQueries({ queryKey: customersKey });
    },
  });
}
