import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Session } from '../../client/session.ts';
import { isProblem } from '../../client/thena-problem.ts';
import type { KeyRight } from '../../src/api/keys.ts';
import { client } from './client.ts';
import { beginSession } from './session-end.ts';

/** Null: nobody has signed in. */
const sessionQuery = queryOptions({
  queryKey: ['session'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }): Promise<Session | null> => {
    try {
      return await client.currentSession({ signal });
    } catch (error) {
      if (isProblem(error, 'key_missing', 'key_invalid', 'session_ended')) return null;
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
    meta: { signsIn: true },
    mutationFn: (key: string) => client.openSession(key),
    onSuccess: async (session) => {
      queries.setQueryData(sessionQuery.queryKey, session);
      beginSession();
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => client.endSession(),
    onSettled: () => {
      queries.clear();
      queries.setQueryData(sessionQuery.queryKey, null);
    },
  });
}

export function may(session: Session, right: KeyRight): boolean {
  return session.role !== 'customer' || session.rights.includes(right);
}

/** Whether the key of the session has a permission. Without a session: no. */
export function useMay(right: KeyRight): boolean {
  const { data: session } = useSession();
  return session ? may(session, right) : false;
}
