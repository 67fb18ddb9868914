import type { Kysely, Transaction, Updateable } from 'kysely';
import { customerNotFound } from '../../model/not-found.ts';
import type { DisabledReason, Webhooks } from '../webhook.ts';
import type { CatalogClock } from './catalog-clock.ts';
import type { CatalogTables } from './catalog-tables.ts';
import { lockCustomer } from './lease-fencing.ts';
import { webhookOf } from './webhook-rows.ts';

type WebhookRecords = Pick<Webhooks, 'addWebhook' | 'findWebhook' | 'listWebhooks' | 'changeWebhook' | 'deleteWebhook'>;

export function webhooksIn(db: Kysely<CatalogTables>, now: CatalogClock): WebhookRecords {
  return {
    addWebhook: ({ id, customerId, url, events, description, secret }, maxPerCustomer) =>
      db.transaction().execute(async (trx) => {
        // Locks the customer, so that concurrent requests cannot exceed the limit.
        if (!(await lockCustomer(trx, customerId))) throw customerNotFound(customerId);
        const known = await trx.selectFrom('webhooks').select('id').where('customer_id', '=', customerId).execute();
        if (known.length >= maxPerCustomer) return null;
        const row = await trx
          .insertInto('webhooks')
          .values({
            id,
            customer_id: customerId,
            url,
            events: JSON.stringify(events),
            description,
            secret,
            created_at: await now(trx),
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        return webhookOf(row);
      }),
    async findWebhook(customerId, webhookId) {
      const row = await db
        .selectFrom('webhooks')
        .selectAll()
        .where('id', '=', webhookId)
        .where('customer_id', '=', customerId)
        .executeTakeFirst();
      return row ? webhookOf(row) : null;
    },
    async listWebhooks(customerId) {
      const rows = await db
        .selectFrom('webhooks')
        .selectAll()
        .where('customer_id', '=', customerId)
        .orderBy('created_at')
        .orderBy('id')
        .execute();
      return rows.map(webhookOf);
    },
    changeWebhook: (customerId, webhookId, { url, events, description, enabled }) =>
      db.transaction().execute(async (trx) => {
        const change: Updateable<CatalogTables['webhooks']> = {
          // Also a change if nothing else is: an update needs one.
          id: webhookId,
          ...(url !== undefined && { url }),
          ...(events !== undefined && { events: JSON.stringify(events) }),
          ...(description !== undefined && { description }),
          ...(enabled === true && { disabled_at: null, disabled_reason: null, failing_since: null }),
        };
        await trx
          .updateTable('webhooks')
          .set(change)
          .where('id', '=', webhookId)
          .where('customer_id', '=', customerId)
          .execute();
        const ofCustomer = trx
          .selectFrom('webhooks')
          .selectAll()
          .where('id', '=', webhookId)
          .where('customer_id', '=', customerId);
        const row = await ofCustomer.executeTakeFirst();
        if (!row) return null;
        if (enabled === false && row.disabled_at === null) await disable(trx, webhookId, 'request', await now(trx));
        return webhookOf(await ofCustomer.executeTakeFirstOrThrow());
      }),
    async deleteWebhook(customerId, webhookId) {
      const { numDeletedRows } = await db
        .deleteFrom('webhooks')
        .where('id', '=', webhookId)
        .where('customer_id', '=', customerId)
        .executeTakeFirstOrThrow();
      return numDeletedRows > 0n;
    },
  };
}

/** Disables a webhook and ends its deliveries. */
export async function disable(
  trx: Transaction<CatalogTables>,
  webhookId: string,
  reason: DisabledReason,
  at: number,
): Promise<void> {
  await trx
    .updateTable('webhooks')
    .set({ disabled_at: at, disabled_reason: reason })
    .where('id', '=', webhookId)
    .execute();
  await trx
    .updateTable('webhook_deliveries')
    .set({ status: 'failed', finished_at: at, next_attempt_at: null, lease_owner: null, lease_until: null })
    .where('webhook_id', '=', webhookId)
    .where('status', '=', 'pending')
    .execute();
}
