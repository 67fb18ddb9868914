import { useMutation, useQuery } from '@tanstack/react-query';
import type { Analysis } from '../../src/api/analyses.ts';
import type { AnalysisRequest } from './analysis-request.ts';
import { client } from './client.ts';

const PROGRESS_MS = 500;

/** The IDs of the analyses that this tab waits for, by what they analyze. */
const running = new Map<string, string>();

/**
 * The result of an analysis. It stays as it is when the table changes, and is computed again on request.
 */
export function useAnalysis(customerId: string, request: AnalysisRequest) {
  return useQuery({
    queryKey: ['analysis', customerId, request],
    staleTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    queryFn: async ({ signal }): Promise<Analysis> => {
      const key = keyOf(customerId, request);
      const id = newId();
      running.set(key, id);
      try {
        const options = { id, signal };
        if (request.kind === 'query') return await client.query(customerId, request.query, options);
        return await client.analyze(customerId, request.type as string, request.parameters, options);
      } finally {
        if (running.get(key) === id) running.delete(key);
      }
    },
  });
}

/** How much of a running analysis is done, 0 to 1; null: unknown. */
export function useAnalysisProgress(customerId: string, request: AnalysisRequest): number | null {
  const { data } = useQuery({
    queryKey: ['analysis progress', customerId, request],
    refetchInterval: PROGRESS_MS,
    staleTime: 0,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const id = running.get(keyOf(customerId, request));
      const analyses = await client.runningAnalyses(customerId, { signal });
      return analyses.find((analysis) => analysis.id === id)?.fraction_done ?? null;
    },
  });
  return data ?? null;
}

/** Cancels it on the server; its request is answered with a problem. */
export function useCancelAnalysis(customerId: string, request: AnalysisRequest) {
  return useMutation({
    mutationFn: async () => {
      const id = running.get(keyOf(customerId, request));
      if (id !== undefined) await client.cancelAnalysis(customerId, id);
    },
  });
}

function keyOf(customerId: string, request: AnalysisRequest): string {
  return JSON.stringify([customerId, request]);
}

/** `crypto.randomUUID` exists only where the page came over https or from this machine. */
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4}).(.{3})(.{4})(.{12})$/, '$1-$2-4$3-$4-$5');
}
