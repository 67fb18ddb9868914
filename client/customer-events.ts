import type * as api from '../src/api/customer-events.ts';
import type { Connection } from './connection.ts';
import { type EventOptions, serverEvents } from './server-events.ts';
import { ThenaProblem } from './thena-problem.ts';

/** An upload has changed or was refused, or the table has other rows. */
export type CustomerEvent = Exclude<api.CustomerEvent, { readonly event: 'problem' }>;

/**
 * What happens to a customer, starting with its unfinished uploads, which come again after every interruption.
 *
 * @throws ThenaProblem if the key was revoked, the session has ended, or the customer was deleted
 */
export async function* customerEvents(
  connection: Connection,
  customerId: string,
  options: EventOptions = {},
): AsyncGenerator<CustomerEvent, void> {
  const path = `/api/v1/customers/${encodeURIComponent(customerId)}/events`;
  for await (const message of serverEvents(connection, path, options)) {
    const event = { event: message.event, data: JSON.parse(message.data) } as api.CustomerEvent;
    if (event.event === 'problem') throw new ThenaProblem(event.data);
    // A newer server may send others.
    if (event.event === 'upload' || event.event === 'removed' || event.event === 'table') yield event;
  }
}
