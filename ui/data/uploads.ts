import {
  type InfiniteData,
  type QueryClient,
  useInfiniteQuery,
  useMutation,
  useQueries,
  useQuery,
  useQueryClient,
} from '@tanstack/react-query';
import type { RetryQuery } from '../../src/api/upload-options.ts';
import type { Upload, UploadPage } from '../../src/api/uploads.ts';
import { client } from './client.ts';
import { customerKey } from './customers.ts';
import { useMay } from './session.ts';

const listKey = (customerId: string) => [...customerKey(customerId), 'uploads'] as const;
const uploadKey = (id: string) => ['upload', id] as const;

/** The uploads of a customer, newest first. */
export function useUploads(customerId: string) {
  return useInfiniteQuery({
    queryKey: listKey(customerId),
    enabled: useMay('read'),
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      client.listUploads(customerId, { limit: 50, ...(pageParam && { cursor: pageParam }) }, { signal }),
    getNextPageParam: (page) => page.next_cursor,
  });
}

export function useUpload(id: string) {
  return useQuery({
    queryKey: uploadKey(id),
    queryFn: ({ signal }) => client.getUpload(id, { signal }),
  });
}

/** Those of several uploads that are known so far. */
export function useUploadsById(ids: readonly string[]): readonly Upload[] {
  return useQueries({
    queries: ids.map((id) => ({
      queryKey: uploadKey(id),
      queryFn: ({ signal }: { readonly signal: AbortSignal }) => client.getUpload(id, { signal }),
    })),
    combine: (results) => results.flatMap(({ data }) => data ?? []),
  });
}

/** Processes the bytes of a failed upload again, as a new upload with other options. */
export function useRetryUpload() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, options }: { readonly id: string; readonly options: RetryQuery }) =>
      client.retryUpload(id, options),
    onSuccess: (upload) => showUpload(queries, upload),
  });
}

/** Cancels an upload that has not ended, undoes a complete one. */
export function useRemoveUpload() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => client.cancelOrUndo(id),
    onSuccess: (upload) => showUpload(queries, upload),
  });
}

/** Puts the new state of an upload wherever it is shown. */
export function showUpload(queries: QueryClient, upload: Upload): void {
  queries.setQueryData(uploadKey(upload.id), upload);
  if (queries.getQueryState(listKey(upload.customer_id))?.status === 'error') {
    // A server without keys creates a customer with its first upload.
    void queries.invalidateQueries({ queryKey: customerKey(upload.customer_id) });
  }
  queries.setQueryData<InfiniteData<UploadPage>>(
    listKey(upload.customer_id),
    (list) => list && withUpload(list, upload),
  );
}

function withUpload(list: InfiniteData<UploadPage>, upload: Upload): InfiniteData<UploadPage> {
  const known = list.pages.some(({ items }) => items.some(({ id }) => id === upload.id));
  const pages = list.pages.map((page, index) => ({
    ...page,
    items: known
      ? page.items.map((each) => (each.id === upload.id ? upload : each))
      : [...(index === 0 ? [upload] : []), ...page.items],
  }));
  return { ...list, pages };
}

/** Reads what is shown of a customer's uploads again, after a time without news of them. */
export async function refreshUploads(queries: QueryClient, customerId: string): Promise<void> {
  await Promise.all([
    queries.invalidateQueries({ queryKey: listKey(customerId) }),
    queries.invalidateQueries({ queryKey: ['upload'] }),
  ]);
}

export function hasEnded({ status }: Upload): boolean {
  return !['receiving', 'received', 'ingesting'].includes(status);
}
