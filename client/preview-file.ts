import type { ColumnFormat } from '../src/api/columns.ts';
import type { RejectedRow } from '../src/api/rejected-rows.ts';
import type { FileOptions } from '../src/api/upload-options.ts';
import type { JsonValue } from '../src/api/values.ts';
import type { Connection } from './connection.ts';

/** How the server would read a file, by its first bytes. */
export interface Preview {
  readonly dialect: {
    readonly encoding: string | null;
    readonly delimiter: string | null;
    readonly quote: string | null;
    readonly escape: string | null;
    readonly header: boolean | null;
    readonly skipped_lines: number | null;
    readonly comment: string | null;
  };
  readonly columns: readonly ColumnFormat[];
  /** The first 20. */
  readonly rows: readonly (readonly { readonly text: string; readonly value: JsonValue }[])[];
  readonly rows_read: number;
  readonly rejected: readonly Pick<RejectedRow, 'line' | 'column' | 'code' | 'message'>[];
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
  readonly questions: readonly PreviewQuestion[];
  readonly table: {
    readonly exists: boolean;
    readonly matches: boolean;
    readonly missing: readonly string[];
    readonly extra: readonly string[];
  };
}

/** Values of the file have two readings: an option has to say which one. */
export interface PreviewQuestion {
  readonly column: string | null;
  readonly code: string;
  readonly option: keyof FileOptions;
  readonly message: string;
  readonly choices: readonly {
    readonly value: string;
    readonly reading: string;
    readonly example_text: string;
    readonly example_value: JsonValue;
  }[];
}

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
