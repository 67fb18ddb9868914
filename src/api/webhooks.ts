import { type Static, Type } from 'typebox';
import { CustomerParams } from './customer-id.ts';
import { pageOf } from './pages.ts';
import { Upload } from './uploads.ts';
import { nullable, oneOf, Timestamp } from './values.ts';

export const WebhookParams = Type.Object({
  ...CustomerParams.properties,
  webhook_id: Type.String({ description: 'The webhook ID.', examples: ['wh_0123456789abcdef01'] }),
});
export type WebhookParams = Static<typeof WebhookParams>;

export const WebhookEventType = oneOf(['upload.complete', 'upload.failed', 'upload.undone'], {
  $id: 'WebhookEventType',
  description:
    '`upload.complete`: the rows are in the table. `upload.failed`: no row is. `upload.undone`: the rows were taken back. Dry runs and cancelled uploads have no event.',
});
export type WebhookEventType = Static<typeof WebhookEventType>;

// What is too long for this is answered with the code `webhook_url_invalid`.
const url = Type.String({
  maxLength: 10_000,
  description: 'Gets the events.',
  examples: ['https://example.com/thena'],
});
const events = Type.Array(WebhookEventType, { minItems: 1, uniqueItems: true, description: 'What to send.' });
const description = nullable(Type.String({ maxLength: 200 }), { description: 'What the webhook is for.' });

export const CreateWebhook = Type.Object(
  { url, events, description: Type.Optional(description) },
  { $id: 'CreateWebhook', title: 'Webhook to create', additionalProperties: false },
);
export type CreateWebhook = Static<typeof CreateWebhook>;

export const ChangeWebhook = Type.Object(
  {
    url: Type.Optional(url),
    events: Type.Optional(events),
    description: Type.Optional(description),
    enabled: Type.Optional(
      Type.Boolean({ description: 'False: no more events, and pending deliveries end. True: events from now on.' }),
    ),
  },
  { $id: 'ChangeWebhook', title: 'Changes of a webhook', additionalProperties: false },
);
export type ChangeWebhook = Static<typeof ChangeWebhook>;

const members = {
  id: Type.String({ examples: ['wh_0123456789abcdef01'] }),
  url: Type.String({ examples: ['https://example.com/thena'] }),
  events: Type.Array(WebhookEventType),
  description: nullable(Type.String()),
  created_at: Timestamp,
  disabled_at: nullable(Timestamp, { description: 'Null while the webhook gets events.' }),
  disabled_reason: nullable(oneOf(['request', 'gone', 'failing']), {
    description:
      '`request`: by a request. `gone`: the receiver answered 410. `failing`: every attempt failed for five days.',
  }),
  failing_since: nullable(Timestamp, {
    description: 'When the first attempt failed after the last successful one. Null if the last attempt succeeded.',
  }),
};

export const Webhook = Type.Object(members, { $id: 'Webhook', title: 'Webhook' });
export type Webhook = Static<typeof Webhook>;

export const NewWebhook = Type.Object(
  {
    ...members,
    secret: Type.String({
      description: 'Verifies the signatures of events. It is shown only once.',
      examples: ['whsec_…'],
    }),
  },
  { $id: 'NewWebhook', title: 'New webhook' },
);
export type NewWebhook = Static<typeof NewWebhook>;

export const WebhookPage = pageOf(Webhook, 'WebhookPage');
export type WebhookPage = Static<typeof WebhookPage>;

export const WebhookDelivery = Type.Object(
  {
    event_id: Type.String({ description: 'Sent as `webhook-id`.', examples: ['msg_0123456789abcdef0123456789abcdef'] }),
    type: oneOf(['upload.complete', 'upload.failed', 'upload.undone', 'webhook.test']),
    upload_id: nullable(Type.String({ format: 'uuid' }), { description: 'Null for a test.' }),
    status: oneOf(['pending', 'delivered', 'failed']),
    occurred_at: Timestamp,
    attempts: Type.Array(
      Type.Object({
        at: Timestamp,
        ms: Type.Integer({ description: 'How long the response took.' }),
        status: nullable(Type.Integer(), { description: 'HTTP status. Null if there was no response.' }),
        error: nullable(Type.String(), { description: 'Why the attempt failed.' }),
      }),
    ),
    next_attempt_at: nullable(Timestamp, { description: 'Null once the delivery has ended.' }),
    finished_at: nullable(Timestamp),
  },
  { $id: 'WebhookDelivery', title: 'Delivery of an event' },
);
export type WebhookDelivery = Static<typeof WebhookDelivery>;

export const WebhookDeliveryPage = pageOf(WebhookDelivery, 'WebhookDeliveryPage');
export type WebhookDeliveryPage = Static<typeof WebhookDeliveryPage>;

/** The body of a request to a webhook. */
export const WebhookEvent = Type.Union(
  [
    Type.Object({ type: WebhookEventType, timestamp: Timestamp, data: Upload }),
    Type.Object({
      type: Type.Literal('webhook.test'),
      timestamp: Timestamp,
      data: Type.Object({ webhook_id: Type.String(), customer_id: Type.String() }),
    }),
  ],
  {
    $id: 'WebhookEvent',
    title: 'Webhook event',
    description: '`data` is the upload as it was at `timestamp`, without its rejected rows.',
  },
);
export type WebhookEvent = Static<typeof WebhookEvent>;
