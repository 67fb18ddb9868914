import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { KeyRight } from '../../src/api/keys.ts';
import { RequestFailed, request } from './api.ts';
import { setSessionEnded } from './session-end.ts';

/** Who uses the page, and what they may do. */
export interface Session {
  /** `open`: the server requires no keys. */
  readonly role: 'open' | 'admin' | 'customer';
  /** The only customer that a customer's key gives access to. */
  readonly customer_id: string | null;
  readonly rights: readonly KeyRight[];
  readonly expires_at: string | null;
}

/** Null: nobody has signed in. */
const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await request<Session>('GET', '/session', { signal });
    } catch (error) {
      if (error instanceof RequestFailed && error.status === 401) return null;
      if (error instanceof RequestFailed && error.status === 404)
        return { role: 'open', customer_id: null, rights: [], expires_at: null };
      throw error;
    }
  },
});

export function useSession() {
  return useQuery(sessionQuery);
}

/** Opens a session with an API key. */
export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (key: string) => request<Session>('POST', '/session', { json: { key } }),
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      setSessionEnded(false);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => request('DELETE', '/session'),
    onSettled: () => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, null);
    },
  });
}

export function may(session: Session, right: KeyRight): boolean {
  return session.role !== 'customer' || session.rights.includes(right);
}
