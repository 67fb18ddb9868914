import type { Upload } from '../catalog/upload.ts';
import type { DeliveryClaim, Webhooks } from '../catalog/webhook.ts';
import type { Config } from '../config.ts';
import type { Observe } from '../events.ts';
import type { CustomerId } from '../model/ids.ts';
import { judgeAttempt } from './retry-schedule.ts';
import { sendEvent } from './send-event.ts';

export interface SenderDeps {
  readonly catalog: Pick<Webhooks, 'claimDelivery' | 'recordDeliveryAttempt' | 'releaseDeliveries' | 'pruneDeliveries'>;
  /** The process that sends. */
  readonly instanceId: string;
  /** Renders an upload as the API does, without contents of its file. */
  readonly uploadJson: (upload: Upload) => unknown;
  readonly observe: Observe;
  readonly settings: Pick<Config, 'webhookPrivateAddresses' | 'webhookMs' | 'webhookRetryMs'>;
}

const POLL_MS = 250;
/** How long nothing is claimed after the catalog has failed. */
const PAUSE_MS = 5_000;
const PRUNE_MS = 10 * 60_000;
const MAX_CONCURRENT = 32;
const MAX_OF_CUSTOMER = 8;
const MAX_OF_WEBHOOK = 4;
/** How much longer than the longest attempt a lease lasts. */
const LEASE_SPARE_MS = 30_000;
/** How long attempts in progress may take after the server has begun to stop. */
const DRAIN_MS = 1_000;
/** How long ended deliveries are kept. */
const KEPT_MS = 7 * 86_400_000;
const DISABLE_AFTER_MS = 5 * 86_400_000;

/**
 * Sends events from the queue in the catalog: claim → request → record what became of it. An attempt that is interrupted by the end
 * of the process is repeated, so that an event can arrive twice, but is never lost.
 */
export class Sender {
  readonly #deps: SenderDeps;
  readonly #running = new Map<Promise<unknown>, DeliveryClaim>();
  readonly #stopping = new AbortController();
  #timers: readonly NodeJS.Timeout[] = [];
  #polling: Promise<void> | null = null;
  #pausedUntil = 0;
  #isStopped = false;

  constructor(deps: SenderDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#timers = [setInterval(() => this.poll(), POLL_MS), setInterval(() => this.#prune(), PRUNE_MS)];
    this.#prune();
    this.poll();
  }

  /** Starts no more attempts, and ends those in progress. Their events are sent again after the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#polling;
    const drained = setTimeout(() => this.#stopping.abort(), DRAIN_MS);
    await Promise.all(this.#running.keys());
    clearTimeout(drained);
    await this.#deps.catalog.releaseDeliveries(this.#deps.instanceId);
  }

  /** Sends what is due. Happens all the time; a call only makes it happen now. */
  poll(): void {
    if (performance.now() < this.#pausedUntil) return;
    this.#polling ??= this.#claimDue()
      .catch((error: Error) => {
        this.#pausedUntil = performance.now() + PAUSE_MS;
        this.#failed(error);
      })
      .finally(() => {
        this.#polling = null;
      });
  }

  async #claimDue(): Promise<void> {
    while (!this.#isStopped && this.#running.size < MAX_CONCURRENT) {
      const claims = [...this.#running.values()];
      // Customers with slow receivers leave slots for others, however many they are: one has no more than are free.
      const mostOfCustomer = Math.min(MAX_OF_CUSTOMER, MAX_CONCURRENT - claims.length);
      const claim = await this.#deps.catalog.claimDelivery({
        owner: this.#deps.instanceId,
        leaseMs: this.#deps.settings.webhookMs + LEASE_SPARE_MS,
        busyWebhooks: withAtLeast<string>(MAX_OF_WEBHOOK, claims, ({ webhook }) => webhook.id),
        busyCustomers: withAtLeast<CustomerId>(mostOfCustomer, claims, ({ webhook }) => webhook.customerId),
      });
      if (claim === null) return;
      // The next ones follow at once, not with the next poll.
      void this.#track(claim, this.#attempt(claim)).then(() => this.poll());
    }
  }

  /** Counts an attempt as running until it has ended, however it ends. */
  async #track(claim: DeliveryClaim, attempt: Promise<void>): Promise<void> {
    const settled = attempt.catch((error: Error) => this.#failed(error));
    this.#running.set(settled, claim);
    await settled;
    this.#running.delete(settled);
  }

  async #attempt(claim: DeliveryClaim): Promise<void> {
    const { catalog, settings, observe } = this.#deps;
    const { delivery, webhook } = claim;
    const { eventId } = delivery;
    const { id: webhookId, customerId } = webhook;
    const event = { url: webhook.url, secret: webhook.secret, eventId, payload: this.#payloadOf(claim) };
    const limits = {
      timeoutMs: settings.webhookMs,
      allowPrivate: settings.webhookPrivateAddresses === 'allow',
      signal: this.#stopping.signal,
    };
    const { retryAfterMs, ...attempt } = await sendEvent(event, limits);
    const retryMs = delivery.type === 'webhook.test' ? [] : settings.webhookRetryMs;
    const verdict = judgeAttempt({ ...attempt, retryAfterMs }, delivery.attempts.length, retryMs);
    const lease = { webhookId, eventId, owner: this.#deps.instanceId };
    const record = { ...lease, attempt, verdict, disableAfterMs: DISABLE_AFTER_MS };
    const reason = await catalog.recordDeliveryAttempt(record);
    const { status, ms } = attempt;
    observe({ kind: 'webhook_attempted', webhookId, customerId, eventId, verdict: verdict.kind, status, ms });
    if (reason === 'gone' || reason === 'failing') observe({ kind: 'webhook_disabled', webhookId, customerId, reason });
  }

  #payloadOf({ delivery: { type, occurredAt }, webhook, upload }: DeliveryClaim): string {
    const data =
      upload === null
        ? { webhook_id: webhook.id, customer_id: webhook.customerId }
        : (this.#deps.uploadJson(upload) as object);
    return JSON.stringify({ type, timestamp: occurredAt.toISOString(), data });
  }

  #prune(): void {
    this.#deps.catalog.pruneDeliveries(KEPT_MS).catch((error: Error) => this.#failed(error));
  }

  #failed(error: Error): void {
    // An attempt that was ended by the stop is not a failure.
    if (this.#stopping.signal.aborted) return;
    this.#deps.observe({ kind: 'background_failed', task: 'webhooks', error });
  }
}

/** The keys that at least `count` of the claims have. */
function withAtLeast<Key>(
  count: number,
  claims: readonly DeliveryClaim[],
  keyOf: (claim: DeliveryClaim) => Key,
): readonly Key[] {
  const groups = Map.groupBy(claims, keyOf);
  return [...groups].filter(([, group]) => group.length >= count).map(([key]) => key);
}
