import { randomUUID } from 'node:crypto';
import type { Transaction } from 'kysely';
import type { UploadEventType } from '../webhook.ts';
import type { CatalogTables, UploadRow } from './catalog-tables.ts';

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
  const event = { id: newEventId(), customer_id: upload.customer_id, occurred_at: at };
  await trx
    .insertInto('webhook_events')
    .values({ ...event, type, upload: snapshotOf(upload) })
    .execute();
  await trx
    .insertInto('webhook_deliveries')
    .values(
      interested.map(({ id }) => ({
        webhook_id: id,
        event_id: event.id,
        customer_id: event.customer_id,
        occurred_at: at,
        status: 'pending' as const,
        attempts: '[]',
        next_attempt_at: at,
      })),
    )
    .execute();
}

export function newEventId(): string {
  return `msg_${randomUUID().replaceAll('-', '')}`;
}

/** The row of the upload as JSON, without what is only needed to load it. */
function snapshotOf(upload: UploadRow): string {
  const { row_count: _1, first_row_at: _2, earliest_at: _3, latest_at: _4, file, ...row } = upload;
  return JSON.stringify({ ...row, file: file && JSON.stringify({ ...JSON.parse(file), segments: [] }) });
}
