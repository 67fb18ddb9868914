import type { TableVersion } from '../src/api/tables.ts';
import type { Upload } from '../src/api/uploads.ts';
import type { Connection } from './connection.ts';
import { type EventOptions, serverEvents } from './server-events.ts';

/** An upload has changed, or the table has other rows. */
export type CustomerEvent =
  | { readonly event: 'upload'; readonly data: Upload }
  | { readonly event: 'table'; readonly data: TableVersion };

/** What happens to a customer, starting with its unfinished uploads, which come again after every interruption. */
export async function* customerEvents(
  connection: Connection,
  customerId: string,
  options: EventOptions = {},
): AsyncGenerator<CustomerEvent, void> {
  const path = `/api/v1/customers/${encodeURIComponent(customerId)}/events`;
  for await (const { event, data } of serverEvents(connection, path, options)) {
    if (event === 'upload' || event === 'table') yield { event, data: JSON.parse(data) } as CustomerEvent;
  }
}
