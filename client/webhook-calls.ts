import type { PageQuery } from '../src/api/pages.ts';
import type * as api from '../src/api/webhooks.ts';
import type { Connection } from './connection.ts';
import { itemsOf } from './pages.ts';

interface Options {
  readonly signal?: AbortSignal | undefined;
}

export interface WebhookCalls {
  webhooks(customerId: string, options?: Options): Promise<readonly api.Webhook[]>;
  webhook(customerId: string, webhookId: string, options?: Options): Promise<api.Webhook>;
  /** The result has the secret, which is not shown again. */
  createWebhook(customerId: string, webhook: api.CreateWebhook): Promise<api.NewWebhook>;
  changeWebhook(customerId: string, webhookId: string, change: api.ChangeWebhook): Promise<api.Webhook>;
  deleteWebhook(customerId: string, webhookId: string): Promise<void>;
  /** Sends a test event. @returns what became of it */
  testWebhook(customerId: string, webhookId: string, options?: Options): Promise<api.WebhookDelivery>;
  /** Newest first. */
  webhookDeliveries(
    customerId: string,
    webhookId: string,
    options?: Options,
  ): AsyncGenerator<api.WebhookDelivery, void>;
  /** One page of them. */
  listWebhookDeliveries(
    customerId: string,
    webhookId: string,
    query?: PageQuery,
    options?: Options,
  ): Promise<api.WebhookDeliveryPage>;
}

export function webhookCalls(connection: Connection): WebhookCalls {
  const all = (customerId: string): string => `/api/v1/customers/${encodeURIComponent(customerId)}/webhooks`;
  const one = (customerId: string, id: string): string => `${all(customerId)}/${encodeURIComponent(id)}`;
  const listWebhookDeliveries: WebhookCalls['listWebhookDeliveries'] = (customerId, id, query = {}, { signal } = {}) =>
    connection.json(`${one(customerId, id)}/deliveries`, { query, signal });
  return {
    async webhooks(customerId, { signal } = {}) {
      return (await connection.json<api.WebhookPage>(all(customerId), { signal })).items;
    },
    webhook: (customerId, id, { signal } = {}) => connection.json(one(customerId, id), { signal }),
    createWebhook: (customerId, webhook) => connection.json(all(customerId), { method: 'POST', json: webhook }),
    changeWebhook: (customerId, id, change) => connection.json(one(customerId, id), { method: 'PATCH', json: change }),
    async deleteWebhook(customerId, id) {
      await connection.send(one(customerId, id), { method: 'DELETE' });
    },
    testWebhook: (customerId, id, { signal } = {}) =>
      connection.json(`${one(customerId, id)}/test`, { method: 'POST', signal }),
    webhookDeliveries: (customerId, id, options) =>
      itemsOf((cursor) => listWebhookDeliveries(customerId, id, cursor === null ? {} : { cursor }, options)),
    listWebhookDeliveries,
  };
}
