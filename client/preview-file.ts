import type * as api from '../src/api/previews.ts';
import type { FileOptions } from '../src/api/upload-options.ts';
import type { Connection } from './connection.ts';

/** How the server would read a file, by its first bytes. */
export type Preview = api.Preview;

export const PREVIEW_BYTES = 2 ** 20;

/** Asks the server how it would read a file, without uploading it. */
export async function previewFile(
  connection: Connection,
  customerId: string,
  file: Blob,
  {
    options = {},
    filename = file instanceof File ? file.name : undefined,
    signal,
  }: { readonly options?: FileOptions; readonly filename?: string | undefined; readonly signal?: AbortSignal } = {},
): Promise<Preview> {
  return await connection.json(`/api/v1/customers/${encodeURIComponent(customerId)}/preview`, {
    method: 'POST',
    query: { ...options, filename, complete: file.size <= PREVIEW_BYTES },
    headers: { 'content-type': 'application/octet-stream' },
    body: file.slice(0, PREVIEW_BYTES),
    signal,
  });
}
