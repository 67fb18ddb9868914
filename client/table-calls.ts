import type { Condition } from '../src/api/queries.ts';
import type { ExportFormat, RowsPage } from '../src/api/rows.ts';
import type { Table } from '../src/api/tables.ts';
import { type RowRecord, recordsOf } from './analyses.ts';
import type { Connection } from './connection.ts';
import { pagesOf } from './pages.ts';
import { UnexpectedResponse } from './thena-problem.ts';

/** Which columns and rows of a table. */
export interface Selection {
  readonly columns?: readonly string[] | undefined;
  readonly where?: Condition | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RowsOptions extends Selection {
  /** Maximum number of rows of a page: 1 to 1000. */
  readonly limit?: number | undefined;
  /** Where the page starts: after another page, or at a row, counted from 0. */
  readonly cursor?: string | null | undefined;
  readonly offset?: number | undefined;
}

export interface ExportOptions extends Selection {
  readonly format?: ExportFormat | undefined;
  readonly escapeFormulas?: boolean | undefined;
}

export interface ExportedTable {
  /** Fails if the export does: a file that ends properly is complete. */
  readonly stream: ReadableStream<Uint8Array>;
  readonly filename: string;
  readonly mediaType: string;
  readonly tableVersion: number;
}

export interface TableCalls {
  table(customerId: string, options?: { readonly signal?: AbortSignal | undefined }): Promise<Table>;
  /** All rows as objects. Integers beyond ±9007199254740991 are strings of digits; `BigInt(value)` takes both. */
  rows(customerId: string, selection?: Omit<RowsOptions, 'cursor'>): AsyncGenerator<RowRecord, void>;
  /** One page of rows, as arrays. */
  rowsPage(customerId: string, options?: RowsOptions): Promise<RowsPage>;
  exportTable(customerId: string, options?: ExportOptions): Promise<ExportedTable>;
}

const MOST_ROWS = 1000;

export function tableCalls(connection: Connection): TableCalls {
  const path = (customerId: string): string => `/api/v1/customers/${encodeURIComponent(customerId)}/table`;
  const rowsPage = (customerId: string, { signal, ...options }: RowsOptions = {}): Promise<RowsPage> =>
    connection.json(`${path(customerId)}/rows`, {
      query: { ...selected(options), limit: options.limit, cursor: options.cursor, offset: options.offset },
      signal,
    });
  return {
    table: (customerId, { signal } = {}) => connection.json(path(customerId), { signal }),
    rowsPage,
    async *rows(customerId, { limit = MOST_ROWS, offset, ...selection } = {}) {
      const start = offset === undefined ? {} : { offset };
      const pages = pagesOf((cursor) =>
        rowsPage(customerId, { ...selection, limit, ...(cursor === null ? start : { cursor }) }),
      );
      for await (const page of pages) yield* recordsOf(page);
    },
    async exportTable(customerId, { format = 'csv', escapeFormulas, signal, ...selection } = {}) {
      const query = { ...selected(selection), format, escape_formulas: escapeFormulas };
      const { body, headers, status } = await connection.send(`${path(customerId)}/export`, { query, signal });
      const tableVersion = Number(headers.get('thena-table-version') ?? Number.NaN);
      if (body === null || Number.isNaN(tableVersion)) {
        throw new UnexpectedResponse('The response is not an export of Thena.', status);
      }
      return {
        stream: body,
        filename: /filename="([^"]+)"/.exec(headers.get('content-disposition') ?? '')?.[1] ?? `thena.${format}`,
        mediaType: headers.get('content-type') ?? 'application/octet-stream',
        tableVersion,
      };
    },
  };
}

function selected({ columns, where }: Selection): { readonly columns?: readonly string[]; readonly where?: string } {
  return {
    ...(columns && { columns }),
    ...(where && { where: JSON.stringify(where) }),
  };
}
