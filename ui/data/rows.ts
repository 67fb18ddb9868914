import { type QueryClient, queryOptions, useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { JsonValue } from '../../src/api/values.ts';
import { client } from './client.ts';
import { tableKey } from './customers.ts';
import { failureOf } from './failure.ts';
import { textStart } from './text-start.ts';

export const PAGE_ROWS = 100;
/** Pages that are kept although they are no longer shown. */
const KEPT_PAGES = 40;
/** What a cell of the table can show at most. Longer texts are cut, so that no page takes much memory. */
const MOST_CHARACTERS = 500;

/** A text of which only the start is kept. */
export interface CutText {
  readonly start: string;
  readonly length: number;
}

export type ShownValue = JsonValue | CutText;
export type ShownRow = readonly ShownValue[];

const pagesKey = (customerId: string) => [...tableKey(customerId), 'rows'] as const;

function pageQuery(customerId: string, page: number) {
  return queryOptions({
    queryKey: [...pagesKey(customerId), page],
    queryFn: async ({ signal }) => {
      const first = page * PAGE_ROWS;
      const rows: ShownRow[] = [];
      let cursor: string | null = null;
      // Pages of the server end early where rows are long.
      do {
        const limit = PAGE_ROWS - rows.length;
        const start: { readonly offset: number } | { readonly cursor: string } =
          cursor === null ? { offset: first } : { cursor };
        const answer = await client.rowsPage(customerId, { ...start, limit, signal });
        rows.push(...answer.rows.map((row) => row.map(cut)));
        cursor = answer.next_cursor;
      } while (cursor !== null && rows.length < PAGE_ROWS);
      return rows;
    },
  });
}

function cut(value: JsonValue): ShownValue {
  if (typeof value !== 'string' || value.length <= MOST_CHARACTERS) return value;
  return { start: textStart(value, MOST_CHARACTERS), length: value.length };
}

export interface RowWindow {
  /** The row with a number; undefined while it is loaded. */
  readonly row: (index: number) => ShownRow | undefined;
  readonly loading: boolean;
  /** Why some of the rows cannot be read. Those that were read before are shown, and may be outdated. */
  readonly error: Error | null;
  readonly retry: () => void;
}

/**
 * The rows from one number to another. Pages that are scrolled past before they have arrived are no longer waited for.
 *
 * @param enabled whether to request what is missing, as not while the scrollbar is dragged
 */
export function useRowWindow(customerId: string, first: number, last: number, enabled: boolean): RowWindow {
  const queries = useQueryClient();
  const firstPage = Math.floor(first / PAGE_ROWS);
  const pages = last < first ? [] : range(firstPage, Math.floor(last / PAGE_ROWS));
  const results = useQueries({ queries: pages.map((page) => ({ ...pageQuery(customerId, page), enabled })) });
  useEffect(() => {
    forgetPages(queries, customerId);
  });
  return {
    row: (index) => results[Math.floor(index / PAGE_ROWS) - firstPage]?.data?.[index % PAGE_ROWS],
    loading: results.some(({ data }) => data === undefined),
    error: results.map(failureOf).find((failure) => failure !== null) ?? null,
    retry: () => {
      for (const result of results) if (failureOf(result)) void result.refetch();
    },
  };
}

function range(first: number, last: number): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function forgetPages(queries: QueryClient, customerId: string): void {
  const unused = queries.getQueryCache().findAll({ queryKey: pagesKey(customerId), type: 'inactive' });
  const oldest = unused.sort((a, b) => a.state.dataUpdatedAt - b.state.dataUpdatedAt);
  for (const { queryKey } of oldest.slice(0, Math.max(0, oldest.length - KEPT_PAGES))) {
    queries.removeQueries({ queryKey, exact: true });
  }
}

/** One row with its whole texts. */
export function useWholeRow(customerId: string, index: number, enabled: boolean) {
  return useQuery({
    queryKey: [...tableKey(customerId), 'row', index],
    enabled,
    gcTime: 0,
    queryFn: async ({ signal }) => {
      const { rows } = await client.rowsPage(customerId, { offset: index, limit: 1, signal });
      return rows[0] ?? null;
    },
  });
}
