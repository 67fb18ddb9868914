import { useInfiniteQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { RejectedRecord } from '../../../src/api/rejected-rows.ts';
import { client } from '../client.ts';
import { failureOf } from '../failure.ts';
import type { RecordDialect } from './csv-record.ts';

/** Read without being asked for; further ones when the list is scrolled to its end. */
const READ_AHEAD = 20_000;

export interface RejectedRows {
  readonly columns: readonly string[];
  readonly dialect: RecordDialect;
  readonly rows: readonly RejectedRecord[];
  /** Whether there are more, which are being read or `readMore` reads. */
  readonly hasMore: boolean;
  readonly readMore: () => void;
}

/** The rejected rows of an upload: the first page at once, the others after it. */
export function useRejectedRows(uploadId: string, enabled: boolean) {
  const read = useInfiniteQuery({
    queryKey: ['rejected', uploadId],
    enabled,
    // They never change.
    staleTime: Number.POSITIVE_INFINITY,
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      client.listRejectedRows(uploadId, { limit: 200, ...(pageParam && { cursor: pageParam }) }, { signal }),
    getNextPageParam: (page) => page.next_cursor,
    select: ({ pages }) => ({ first: pages[0], rows: pages.flatMap(({ items }) => items) }),
  });
  const { data, error: refusal, hasNextPage, isFetching, fetchNextPage } = read;
  const error = failureOf(read);
  const count = data?.rows.length ?? 0;
  useEffect(() => {
    // What was refused would be refused again, without end.
    if (hasNextPage && !isFetching && !refusal && count < READ_AHEAD) void fetchNextPage();
  }, [hasNextPage, isFetching, refusal, count, fetchNextPage]);
  if (!data?.first) return { data: null, error };
  const { columns, delimiter, quote } = data.first;
  const readMore = (): void => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  };
  const rejected: RejectedRows = {
    columns,
    dialect: { delimiter, quote },
    rows: data.rows,
    hasMore: hasNextPage,
    readMore,
  };
  return { data: rejected, error };
}
