import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CreatedCustomer, Customer, CustomerPage } from '../../src/api/customers.ts';
import { RequestFailed, request } from './api.ts';

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
      request<CustomerPage>('GET', `/customers?limit=100${pageParam && `&cursor=${encodeURIComponent(pageParam)}`}`, {
        signal,
      }),
    getNextPageParam: (page) => page.next_cursor,
  });
}

/** A customer with the state of its table; null if it does not exist yet. */
export function useCustomer(id: string) {
  return useQuery({
    queryKey: [...tableKey(id), 'state'],
    queryFn: async ({ signal }): Promise<Customer | null> => {
      try {
        return await request<Customer>('GET', `/customers/${encodeURIComponent(id)}`, { signal });
      } catch (error) {
        if (error instanceof RequestFailed && error.problem.code === 'customer_not_found') return null;
        throw error;
      }
    },
  });
}

export function useCreateCustomer() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => request<CreatedCustomer>('POST', '/customers', { json: { customer_id: id } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: customersKey }),
  });
}
