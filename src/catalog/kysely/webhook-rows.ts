import type { Delivery, DeliveryAttempt, Webhook } from '../webhook.ts';
import type { DeliveryRow, EventRow, WebhookRow } from './catalog-tables.ts';

export function webhookOf(row: WebhookRow): Webhook {
  return {
    id: row.id,
    customerId: row.customer_id,
    url: row.url,
    events: JSON.parse(row.events),
    description: row.description,
    secret: row.secret,
    createdAt: new Date(row.created_at),
    disabledAt: dateOf(row.disabled_at),
    disabledReason: row.disabled_reason,
    failingSince: dateOf(row.failing_since),
  };
}

/** A delivery and its event. */
export type DeliveryWithEvent = DeliveryRow & Pick<EventRow, 'type' | 'upload_id'>;

export function deliveryOf(row: DeliveryWithEvent): Delivery {
  return {
    webhookId: row.webhook_id,
    eventId: row.event_id,
    type: row.type,
    occurredAt: new Date(row.occurred_at),
    uploadId: row.upload_id,
    status: row.status,
    attempts: attemptsOf(row.attempts),
    nextAttemptAt: dateOf(row.next_attempt_at),
    finishedAt: dateOf(row.finished_at),
  };
}

function attemptsOf(json: string): readonly DeliveryAttempt[] {
  const attempts: readonly (Omit<DeliveryAttempt, 'at'> & { readonly at: string })[] = JSON.parse(json);
  return attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at) }));
}

/** JSON, with the times as ISO 8601. */
export function storedAttempts(json: string, next: DeliveryAttempt): string {
  return JSON.stringify([...JSON.parse(json), next]);
}

function dateOf(millis: number | null): Date | null {
  return millis === null ? null : new Date(millis);
}
