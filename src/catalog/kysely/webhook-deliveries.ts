import type { Kysely, Transaction, Updateable } from 'kysely';
import { webhookNotFound } from '../../model/not-found.ts';
import type { Upload } from '../upload.ts';
import type { AttemptVerdict, DeliveryClaim, Webhooks } from '../webhook.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables, WebhookRow } from './catalog-tables.ts';
import { pageOf, readCursor } from './pages.ts';
import { uploadOf } from './upload-rows.ts';
import { newEventId, queueEvent } from './webhook-outbox.ts';
import { type DeliveryWithEvent, deliveryOf, storedAttempts, webhookOf } from './webhook-rows.ts';
import { disable } from './webhooks.ts';

type Deliveries = Omit<Webhooks, 'addWebhook' | 'findWebhook' | 'listWebhooks' | 'changeWebhook' | 'deleteWebhook'>;

const UNLEASED = { lease_owner: null, lease_until: null } as const;

export function webhookDeliveriesIn(db: Kysely<CatalogTables>, now: CatalogClock): Deliveries {
  return {
    async listDeliveries(webhookId, { after, limit }) {
      const first = withEvents(db)
        .where('webhook_id', '=', webhookId)
        .orderBy('webhook_deliveries.occurred_at', 'desc')
        .orderBy('event_id', 'desc')
        .limit(limit + 1);
      const from = after === null ? null : readCursor('deliveries', after, parsePosition);
      const page =
        from === null
          ? first
          : first.where((eb) =>
              eb.or([
                eb('webhook_deliveries.occurred_at', '<', from.at),
                eb.and([eb('webhook_deliveries.occurred_at', '=', from.at), eb('event_id', '<', from.eventId)]),
              ]),
            );
      const keyOf = (row: DeliveryWithEvent): string => `${row.occurred_at}:${row.event_id}`;
      return pageOf('deliveries', await page.execute(), limit, keyOf, deliveryOf);
    },
    async findDelivery(webhookId, eventId) {
      const row = await deliveryIn(db, webhookId, eventId);
      return row ? deliveryOf(row) : null;
    },
    addTestEvent: (webhookId) =>
      db.transaction().execute(async (trx) => {
        const webhook = await trx.selectFrom('webhooks').selectAll().where('id', '=', webhookId).executeTakeFirst();
        if (!webhook) throw webhookNotFound(webhookId);
        const event = { id: newEventId(), customer_id: webhook.customer_id, occurred_at: await now(trx) };
        await queueEvent(trx, { ...event, type: 'webhook.test', upload_id: null, upload: null }, [webhookId]);
        return event.id;
      }),
    async claimDelivery({ owner, leaseMs, busyWebhooks, busyCustomers }) {
      for (;;) {
        const at = await now(db);
        // Found without a lock, then claimed if it is still free, so that an empty queue costs only a read.
        const due = db
          .selectFrom('webhook_deliveries')
          .select(['webhook_id', 'event_id'])
          .where('next_attempt_at', '<=', at)
          .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', at)]))
          .$if(busyWebhooks.length > 0, (query) => query.where('webhook_id', 'not in', busyWebhooks))
          .$if(busyCustomers.length > 0, (query) => query.where('customer_id', 'not in', busyCustomers));
        const next = await due.orderBy('next_attempt_at').orderBy('event_id').limit(1).executeTakeFirst();
        if (!next) return null;
        const claim = await db.transaction().execute(async (trx) => {
          const { numUpdatedRows } = await trx
            .updateTable('webhook_deliveries')
            .set({ lease_owner: owner, lease_until: at + leaseMs })
            .where('webhook_id', '=', next.webhook_id)
            .where('event_id', '=', next.event_id)
            .where('next_attempt_at', '<=', at)
            .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<=', at)]))
            .executeTakeFirstOrThrow();
          if (numUpdatedRows === 0n) return null;
          const webhook = await trx
            .selectFrom('webhooks')
            .selectAll()
            .where('id', '=', next.webhook_id)
            .executeTakeFirstOrThrow();
          return claimOf(trx, webhook, next.event_id);
        });
        if (claim) return claim;
      }
    },
    recordDeliveryAttempt: ({ webhookId, eventId, owner, attempt, verdict, disableAfterMs }) =>
      db.transaction().execute(async (trx) => {
        const at = await now(trx);
        const webhook = await lockWebhook(trx, webhookId);
        const delivery = await deliveryIn(trx, webhookId, eventId);
        if (!webhook || delivery?.lease_owner !== owner) return null;
        await trx
          .updateTable('webhook_deliveries')
          .set({ ...UNLEASED, ...after(verdict, at), attempts: storedAttempts(delivery.attempts, attempt) })
          .where('webhook_id', '=', webhookId)
          .where('event_id', '=', eventId)
          .execute();
        const failingSince = verdict.kind === 'delivered' ? null : (webhook.failing_since ?? at);
        if (failingSince !== webhook.failing_since) {
          await trx.updateTable('webhooks').set({ failing_since: failingSince }).where('id', '=', webhookId).execute();
        }
        if (webhook.disabled_at !== null || failingSince === null) return null;
        const reason = verdict.kind === 'gone' ? 'gone' : at - failingSince >= disableAfterMs ? 'failing' : null;
        if (reason !== null) await disable(trx, webhookId, reason, at);
        return reason;
      }),
    async releaseDeliveries(owner) {
      await db.updateTable('webhook_deliveries').set(UNLEASED).where('lease_owner', '=', owner).execute();
    },
    async pruneDeliveries(olderThanMs) {
      const before = (await now(db)) - olderThanMs;
      await db.deleteFrom('webhook_deliveries').where('finished_at', '<=', before).execute();
      await db
        .deleteFrom('webhook_events')
        .where('occurred_at', '<=', before)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('webhook_deliveries')
                .select('event_id')
                .whereRef('webhook_deliveries.event_id', '=', 'webhook_events.id'),
            ),
          ),
        )
        .execute();
    },
  };
}

/** What a verdict changes about its delivery. */
function after(verdict: AttemptVerdict, at: number): Updateable<CatalogTables['webhook_deliveries']> {
  switch (verdict.kind) {
    case 'retry':
      return { next_attempt_at: at + verdict.delayMs };
    case 'delivered':
      return { status: 'delivered', finished_at: at, next_attempt_at: null };
    default:
      return { status: 'failed', finished_at: at, next_attempt_at: null };
  }
}

function withEvents(db: Kysely<CatalogTables>) {
  return db
    .selectFrom('webhook_deliveries')
    .innerJoin('webhook_events', 'webhook_events.id', 'webhook_deliveries.event_id')
    .selectAll('webhook_deliveries')
    .select(['webhook_events.type', 'webhook_events.upload_id']);
}

function deliveryIn(
  db: Kysely<CatalogTables>,
  webhookId: string,
  eventId: string,
): Promise<DeliveryWithEvent | undefined> {
  return withEvents(db).where('webhook_id', '=', webhookId).where('event_id', '=', eventId).executeTakeFirst();
}

async function claimOf(
  trx: Transaction<CatalogTables>,
  webhook: WebhookRow,
  eventId: string,
): Promise<DeliveryClaim | null> {
  const row = await deliveryIn(trx, webhook.id, eventId);
  return row ? { delivery: deliveryOf(row), webhook: webhookOf(webhook), upload: await uploadIn(trx, eventId) } : null;
}

/** The upload as it was when the event occurred. Columns that the copy lacks were added later: they are as they are now. */
async function uploadIn(trx: Transaction<CatalogTables>, eventId: string): Promise<Upload | null> {
  const { upload_id: id, upload: copy } = await trx
    .selectFrom('webhook_events')
    .select(['upload_id', 'upload'])
    .where('id', '=', eventId)
    .executeTakeFirstOrThrow();
  if (id === null || copy === null) return null;
  const row = await trx.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
  return uploadOf({ ...row, ...JSON.parse(copy) });
}

/** An update that changes nothing locks the row in every database. */
function lockWebhook(trx: Transaction<CatalogTables>, webhookId: string): Promise<WebhookRow | undefined> {
  return trx
    .updateTable('webhooks')
    .set((eb) => ({ url: eb.ref('url') }))
    .where('id', '=', webhookId)
    .returningAll()
    .executeTakeFirst();
}

function parsePosition(key: string): { readonly at: number; readonly eventId: string } | null {
  const match = /^(\d{1,15}):(msg_[0-9a-f]{32})$/.exec(key);
  return match ? { at: Number(match[1]), eventId: match[2] ?? '' } : null;
}
