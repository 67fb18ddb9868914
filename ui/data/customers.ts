import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { isProblem } from '../../client/thena-problem.ts';
import type { CreateCustomer, Customer } from '../../src/api/customers.ts';
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

/** A customer with the state of its table; null if it does not exist yet. */
export function useCustomer(id: string) {
  return useQuery({
    queryKey: [...tableKey(id), 'state'],
    enabled: useMay('read'),
    queryFn: async ({ signal }): Promise<Customer | null> => {
      try {
        return await client.customer(id, { signal });
      } catch (error) {
        if (isProblem(error, 'customer_not_found')) return null;
        throw error;
      }
    },
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
      queries.removeQueries({ queryKey: customerKey(id) });
      await queries.invalidateQueries({ queryKey: customersKey });
    },
  });
}
