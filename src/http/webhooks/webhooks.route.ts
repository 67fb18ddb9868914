import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { CustomerParams } from '../../api/customer-id.ts';
import { DEFAULT_PAGE_LIMIT, PageQuery } from '../../api/pages.ts';
import * as api from '../../api/webhooks.ts';
import type { Webhooks } from '../../webhooks/webhooks.ts';
import { CUSTOMER_PROBLEMS } from '../access/access.ts';
import { emptyResponse, response } from '../openapi/response.ts';
import { deliveryJson, webhookJson } from './webhook-json.ts';

const WEBHOOKS = '/api/v1/customers/:id/webhooks';
const WEBHOOK = `${WEBHOOKS}/:webhook_id`;
const tags = ['Webhooks'];

/** `/customers/{id}/webhooks`. Which keys may use it is decided in `webhooks.ts`: it requires several permissions. */
export function webhooksRoutes(
  webhooks: Omit<Webhooks, 'close'>,
  /** Aborted when the server stops. */
  stopping: AbortSignal,
): FastifyPluginAsyncTypebox {
  return async (app) => {
    app.post(
      WEBHOOKS,
      {
        config: {
          right: 'read',
          problems: [
            ...CUSTOMER_PROBLEMS,
            'key_lacks_right',
            'webhook_url_invalid',
            'webhook_address_refused',
            'too_many_webhooks',
          ],
        },
        schema: {
          tags,
          summary: 'Create a webhook',
          description:
            'Sends events by the Standard Webhooks specification. See docs/webhooks.md. All operations of webhooks require a key with the permissions `read`, `upload` and `undo`.',
          operationId: 'createWebhook',
          params: CustomerParams,
          body: api.CreateWebhook,
          response: {
            201: response(api.NewWebhook, 'The new webhook and its secret.', { location: 'Path of the webhook.' }),
          },
        },
      },
      async (request, reply) => {
        const access = await request.scope.customer(request.params.id);
        const { url, events, description = null } = request.body;
        const webhook = await webhooks.create(access, { url, events, description });
        reply.code(201).header('location', `/api/v1/customers/${access.customerId}/webhooks/${webhook.id}`);
        return { ...webhookJson(webhook), secret: webhook.secret };
      },
    );

    app.get(
      WEBHOOKS,
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, 'key_lacks_right'] },
        schema: {
          tags,
          summary: 'List webhooks',
          operationId: 'listWebhooks',
          params: CustomerParams,
          response: { 200: response(api.WebhookPage, 'All webhooks of the customer, oldest first.') },
        },
      },
      async (request) => {
        const list = await webhooks.list(await request.scope.customer(request.params.id));
        return { items: list.map(webhookJson), next_cursor: null };
      },
    );

    app.get(
      WEBHOOK,
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, 'key_lacks_right', 'webhook_not_found'] },
        schema: {
          tags,
          summary: 'Get a webhook',
          operationId: 'getWebhook',
          params: api.WebhookParams,
          response: { 200: response(api.Webhook, 'The webhook, without its secret.') },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        return webhookJson(await webhooks.get(access, request.params.webhook_id));
      },
    );

    app.patch(
      WEBHOOK,
      {
        config: {
          right: 'read',
          problems: [
            ...CUSTOMER_PROBLEMS,
            'key_lacks_right',
            'webhook_not_found',
            'webhook_url_invalid',
            'webhook_address_refused',
          ],
        },
        schema: {
          tags,
          summary: 'Change, disable or enable a webhook',
          operationId: 'changeWebhook',
          params: api.WebhookParams,
          body: api.ChangeWebhook,
          response: { 200: response(api.Webhook, 'The webhook.') },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        return webhookJson(await webhooks.change(access, request.params.webhook_id, request.body));
      },
    );

    app.delete(
      WEBHOOK,
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, 'key_lacks_right', 'webhook_not_found'] },
        schema: {
          tags,
          summary: 'Delete a webhook',
          description: 'Deletes its deliveries as well. An attempt in progress ends.',
          operationId: 'deleteWebhook',
          params: api.WebhookParams,
          response: { 204: emptyResponse('The webhook is deleted.') },
        },
      },
      async (request, reply) => {
        await webhooks.remove(await request.scope.customer(request.params.id), request.params.webhook_id);
        return reply.code(204).send(null);
      },
    );

    app.post(
      `${WEBHOOK}/test`,
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, 'key_lacks_right', 'webhook_not_found'] },
        schema: {
          tags,
          summary: 'Send a test event',
          description:
            'Sends an event of the type `webhook.test` once, also to a disabled webhook, and waits for the response.',
          operationId: 'testWebhook',
          params: api.WebhookParams,
          response: { 200: response(api.WebhookDelivery, 'What became of the event.') },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        return deliveryJson(await webhooks.test(access, request.params.webhook_id, stopping));
      },
    );

    app.get(
      `${WEBHOOK}/deliveries`,
      {
        config: { right: 'read', problems: [...CUSTOMER_PROBLEMS, 'key_lacks_right', 'webhook_not_found'] },
        schema: {
          tags,
          summary: 'List deliveries',
          description: 'Deliveries are kept for seven days after they have ended.',
          operationId: 'listDeliveries',
          params: api.WebhookParams,
          querystring: PageQuery,
          response: { 200: response(api.WebhookDeliveryPage, 'Deliveries with their attempts, newest first.') },
        },
      },
      async (request) => {
        const access = await request.scope.customer(request.params.id);
        const { cursor = null, limit = DEFAULT_PAGE_LIMIT } = request.query;
        const page = await webhooks.deliveries(access, request.params.webhook_id, { after: cursor, limit });
        return { items: page.items.map(deliveryJson), next_cursor: page.nextCursor };
      },
    );
  };
}
