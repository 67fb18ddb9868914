import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { CreateApiKey } from '../../src/api/keys.ts';
import { client } from './client.ts';
import { customerKey } from './customers.ts';

const keysKey = (customerId: string) => [...customerKey(customerId), 'keys'] as const;

/** The keys of a customer, without the keys themselves. */
export function useKeys(customerId: string) {
  return useQuery({ queryKey: keysKey(customerId), queryFn: ({ signal }) => client.keys(customerId, { signal }) });
}

export function useCreateKey(customerId: string) {
  const queries = useQueryClient();
  return useMutation({
    // The key itself is kept no longer than it is shown.
    gcTime: 0,
    mutationFn: (key: CreateApiKey) => client.createKey(customerId, key),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysKey(customerId) }),
  });
}

export function useRevokeKey(customerId: string) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (keyId: string) => client.revokeKey(customerId, keyId),
    onSuccess: () => queries.invalidateQueries({ queryKey: keysKey(customerId) }),
  });
}
