import type * as uploads from '../../api/uploads.ts';
import type * as api from '../../api/webhooks.ts';
import type { Upload } from '../../catalog/upload.ts';
import type { Delivery, Webhook } from '../../catalog/webhook.ts';
import { uploadJson } from '../uploads/upload-json.ts';

export function webhookJson(webhook: Webhook): api.Webhook {
  return {
    id: webhook.id,
    url: webhook.url,
    events: [...webhook.events],
    description: webhook.description,
    created_at: webhook.createdAt.toISOString(),
    disabled_at: webhook.disabledAt?.toISOString() ?? null,
    disabled_reason: webhook.disabledReason,
    failing_since: webhook.failingSince?.toISOString() ?? null,
  };
}

export function deliveryJson(delivery: Delivery): api.WebhookDelivery {
  return {
    event_id: delivery.eventId,
    type: delivery.type,
    upload_id: delivery.uploadId,
    status: delivery.status,
    occurred_at: delivery.occurredAt.toISOString(),
    attempts: delivery.attempts.map(({ at, ms, status, error }) => ({ at: at.toISOString(), ms, status, error })),
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
    finished_at: delivery.finishedAt?.toISOString() ?? null,
  };
}

/**
 * An upload as webhooks get it: rejected rows stay here, since events pass through systems that are not made for them. Dry runs, the
 * only ones whose receipts have rows, have no events.
 */
export function announcedUpload(upload: Upload): uploads.Upload {
  const { error, ...json } = uploadJson(upload, null);
  const { rejects: _, ...withoutRows } = error ?? {};
  return { ...json, error: error && (withoutRows as typeof error) };
}
