import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../catalog/catalog.ts';
import type { Page, PageRequest } from '../catalog/page.ts';
import type { Delivery, UploadEventType, Webhook, Webhooks as WebhookRecords } from '../catalog/webhook.ts';
import { Problem } from '../errors.ts';
import type { CustomerAccess, Right } from '../model/customer-access.ts';
import { webhookNotFound } from '../model/not-found.ts';
import { checkUrl } from './check-url.ts';
import { Sender, type SenderDeps } from './sender.ts';

export interface GivenWebhook {
  readonly url: string;
  readonly events: readonly UploadEventType[];
  readonly description: string | null;
}

/**
 * Webhooks of customers, and the sender of their events.
 *
 * Every call throws Problem key_lacks_right unless the caller has all rights of the customer: a webhook learns of every upload, and
 * its URL may contain a secret.
 */
export interface Webhooks {
  /** @throws Problem webhook_url_invalid, webhook_address_refused, too_many_webhooks */
  create(access: CustomerAccess, given: GivenWebhook): Promise<Webhook>;
  list(access: CustomerAccess): Promise<readonly Webhook[]>;
  /** @throws Problem webhook_not_found */
  get(access: CustomerAccess, webhookId: string): Promise<Webhook>;
  /** @throws Problem webhook_not_found, webhook_url_invalid, webhook_address_refused */
  change(
    access: CustomerAccess,
    webhookId: string,
    change: Partial<GivenWebhook> & { readonly enabled?: boolean | undefined },
  ): Promise<Webhook>;
  /** @throws Problem webhook_not_found */
  remove(access: CustomerAccess, webhookId: string): Promise<void>;
  /**
   * Sends a test event, once, also to a disabled webhook, and waits for the end.
   *
   * @param signal ends the wait
   * @returns what became of it; it is pending if the webhook is busy
   * @throws Problem webhook_not_found
   */
  test(access: CustomerAccess, webhookId: string, signal: AbortSignal): Promise<Delivery>;
  /** @throws Problem webhook_not_found */
  deliveries(access: CustomerAccess, webhookId: string, page: PageRequest): Promise<Page<Delivery>>;
  /** Starts no more attempts, and ends those in progress: their events are sent again after the next start. */
  close(): Promise<void>;
}

export interface WebhooksDeps extends SenderDeps {
  readonly catalog: Pick<Catalog, keyof WebhookRecords>;
}

const MAX_PER_CUSTOMER = 20;
/** How often a request asks what became of its test event: the sender may be another process. */
const TEST_POLL_MS = 50;
/** How much longer than the longest attempt it waits. */
const TEST_SPARE_MS = 1_000;
const REQUIRED: readonly Right[] = ['read', 'upload', 'undo'];

export function startWebhooks(deps: WebhooksDeps): Webhooks {
  const { catalog, settings } = deps;
  const sender = new Sender(deps);
  const check = (url: string): Promise<string> => checkUrl(url, settings.webhookPrivateAddresses === 'allow');

  async function get(access: CustomerAccess, webhookId: string): Promise<Webhook> {
    requireAllRights(access);
    const webhook = await catalog.findWebhook(access.customerId, webhookId);
    if (webhook) return webhook;
    throw webhookNotFound(webhookId);
  }

  sender.start();

  return {
    get,
    async create(access, { url, events, description }) {
      requireAllRights(access);
      const webhook = await catalog.addWebhook(
        {
          id: `wh_${randomBytes(9).toString('hex')}`,
          customerId: access.customerId,
          url: await check(url),
          events,
          description,
          secret: `whsec_${randomBytes(32).toString('base64')}`,
        },
        MAX_PER_CUSTOMER,
      );
      if (webhook) return webhook;
      throw new Problem(
        'too_many_webhooks',
        `Customer '${access.customerId}' has ${MAX_PER_CUSTOMER} webhooks already.`,
      );
    },
    async list(access) {
      requireAllRights(access);
      return catalog.listWebhooks(access.customerId);
    },
    async change(access, webhookId, { url, ...change }) {
      await get(access, webhookId);
      const checked = url === undefined ? {} : { url: await check(url) };
      const webhook = await catalog.changeWebhook(access.customerId, webhookId, { ...change, ...checked });
      if (webhook) return webhook;
      throw webhookNotFound(webhookId);
    },
    async remove(access, webhookId) {
      requireAllRights(access);
      if (!(await catalog.deleteWebhook(access.customerId, webhookId))) throw webhookNotFound(webhookId);
    },
    async test(access, webhookId, signal) {
      await get(access, webhookId);
      const eventId = await catalog.addTestEvent(webhookId);
      sender.poll();
      for (const deadline = Date.now() + settings.webhookMs + TEST_SPARE_MS; ; await sleep(TEST_POLL_MS)) {
        const delivery = await catalog.findDelivery(webhookId, eventId);
        if (!delivery) throw webhookNotFound(webhookId);
        if (delivery.status !== 'pending' || signal.aborted || Date.now() > deadline) return delivery;
      }
    },
    async deliveries(access, webhookId, page) {
      await get(access, webhookId);
      return catalog.listDeliveries(webhookId, page);
    },
    close: () => sender.stop(),
  };
}

function requireAllRights({ rights }: CustomerAccess): void {
  const missing = REQUIRED.filter((right) => !rights.includes(right)).map((right) => `\`${right}\``);
  if (missing.length === 0) return;
  const detail = `Webhooks require a key with all permissions of the customer. The API key lacks ${missing.join(' and ')}.`;
  throw new Problem('key_lacks_right', detail);
}
