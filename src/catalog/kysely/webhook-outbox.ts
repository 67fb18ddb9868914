import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { UploadEventType } from '../webhook.ts';
import type { CatalogTables, EventRow, UploadRow } from './catalog-tables.ts';

/**
 * Adds an event to the queue of every webhook that wants it, in the transaction that causes it: if the process ends after the
 * transaction, the event is sent after the next start.
 */
export async function announce(
  trx: Transaction<CatalogTables>,
  type: UploadEventType,
  upload: UploadRow,
  at: number,
): Promise<void> {
  const webhooks = await trx
    .selectFrom('webhooks')
    .select(['id', 'events'])
    .where('customer_id', '=', upload.customer_id)
    .where('disabled_at', 'is', null)
    .execute();
  const interested = webhooks.filter(({ events }) => JSON.parse(events).includes(type));
  if (interested.length === 0) return;
  const event = {
    id: newEventId(),
    customer_id: upload.customer_id,
    occurred_at: at,
    type,
    upload_id: upload.id,
    upload: snapshotOf(upload),
  };
  await queueEvent(
    trx,
    event,
    interested.map(({ id }) => id),
  );
}

/** Adds an event, and its delivery to each webhook, which is due at once. */
export async function queueEvent(
  trx: Transaction<CatalogTables>,
  event: EventRow,
  webhookIds: readonly string[],
): Promise<void> {
  await trx.insertInto('webhook_events').values(event).execute();
  const delivery = {
    event_id: event.id,
    customer_id: event.customer_id,
    occurred_at: event.occurred_at,
    status: 'pending' as const,
    attempts: '[]',
    next_attempt_at: event.occurred_at,
  };
  await trx
    .insertInto('webhook_deliveries')
    .values(webhookIds.map((id) => ({ ...delivery, webhook_id: id })))
    .execute();
}

export function newEventId(): string {
  return `msg_${randomUUID().replaceAll('-', '')}`;
}

/** The row of the upload as JSON, without what is only needed to load it. Large integers become strings of digits. */
function snapshotOf(upload: UploadRow): string {
  const file = upload.file && JSON.stringify({ ...JSON.parse(upload.file), segments: [] });
  return JSON.stringify({ ...upload, file }, (_, value) => (typeof value === 'bigint' ? String(value) : value));
}
