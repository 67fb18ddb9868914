import assert from 'node:assert/strict';
import { call, put, type Reply, WAIT } from '../server.ts';

type Body = Reply['body'];

/** What a test of a table sends and reads, for each customer of a server. @param url returns that of the server */
export function tableClient(url: () => string, prefix: string) {
  let customers = 0;
  const at = (customer: string, path: string): string => `${url()}/api/v1/customers/${customer}/${path}`;
  return {
    nextCustomer: (): string => `${prefix}-${customers++}`,
    /** Sends a file, which must be stored. @returns the upload */
    async append(customer: string, csv: string, query = ''): Promise<Body> {
      const { body } = await put(url(), customer, csv, WAIT, query);
      assert.equal(body.status, 'complete', JSON.stringify(body));
      return body;
    },
    async undo(upload: { readonly id: string }): Promise<void> {
      const { body } = await call(`${url()}/api/v1/uploads/${upload.id}`, { method: 'DELETE' });
      assert.equal(body.status, 'undone', JSON.stringify(body));
    },
    tableOf: async (customer: string): Promise<Body> => (await call(at(customer, 'table'))).body,
    async typesOf(customer: string): Promise<readonly string[]> {
      const { body } = await call(at(customer, 'table'));
      return body.columns.map(({ type }: { type: string }) => type);
    },
    rowsOf: async (customer: string, query = ''): Promise<readonly unknown[][]> =>
      (await call(at(customer, `table/rows${query}`))).body.rows,
    exported: (customer: string, format: string): Promise<Response> =>
      fetch(at(customer, `table/export?format=${format}`)),
  };
}
