import type { CustomerId, UploadId } from '../model/ids.ts';
import type { Page, PageRequest } from './page.ts';
import type { Upload } from './upload.ts';

/** What a webhook can be notified of. Dry runs and cancelled uploads are not announced. */
export type UploadEventType = 'upload.complete' | 'upload.failed' | 'upload.undone';
export type EventType = UploadEventType | 'webhook.test';

/** Why a webhook gets no events. */
export type DisabledReason = 'request' | 'gone' | 'failing';

export interface Webhook {
  readonly id: string;
  readonly customerId: CustomerId;
  readonly url: string;
  readonly events: readonly UploadEventType[];
  readonly description: string | null;
  /** Signs deliveries, and is therefore stored in readable form. Never shown again, never logged. */
  readonly secret: string;
  readonly createdAt: Date;
  /** Null while the webhook gets events. */
  readonly disabledAt: Date | null;
  readonly disabledReason: DisabledReason | null;
  /** When the first attempt failed since the last one that succeeded. */
  readonly failingSince: Date | null;
}

/** One request to the URL of a webhook. */
export interface DeliveryAttempt {
  readonly at: Date;
  readonly ms: number;
  /** HTTP status of the response; null if there was none. */
  readonly status: number | null;
  /** Why it failed, as a sentence; null if it succeeded. */
  readonly error: string | null;
}

export type DeliveryStatus = 'pending' | 'delivered' | 'failed';

/** An event on its way to one webhook. */
export interface Delivery {
  readonly webhookId: string;
  /** The same for every webhook that gets the event, and for every attempt. */
  readonly eventId: string;
  readonly type: EventType;
  readonly occurredAt: Date;
  /** Null for a test. */
  readonly uploadId: UploadId | null;
  readonly status: DeliveryStatus;
  readonly attempts: readonly DeliveryAttempt[];
  /** Null once it has ended. */
  readonly nextAttemptAt: Date | null;
  readonly finishedAt: Date | null;
}

/** A delivery to attempt, until its lease expires. */
export interface DeliveryClaim {
  readonly delivery: Delivery;
  readonly webhook: Webhook;
  /** The upload as it was when the event occurred, without the list of its segments; null for a test. */
  readonly upload: Upload | null;
}

/** What an attempt means for the delivery. */
export type AttemptVerdict =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'retry'; readonly delayMs: number }
  /** It was the last attempt. */
  | { readonly kind: 'failed' }
  /** The receiver wants no more events. */
  | { readonly kind: 'gone' };

/** Webhooks, and their deliveries as a queue. Events are added by the transactions that complete, fail and undo uploads. */
export interface Webhooks {
  /** @returns null if the customer already has `maxPerCustomer`. @throws Problem customer_not_found */
  addWebhook(
    webhook: Pick<Webhook, 'id' | 'customerId' | 'url' | 'events' | 'description' | 'secret'>,
    maxPerCustomer: number,
  ): Promise<Webhook | null>;
  findWebhook(customerId: CustomerId, webhookId: string): Promise<Webhook | null>;
  /** Oldest first. */
  listWebhooks(customerId: CustomerId): Promise<readonly Webhook[]>;
  /**
   * Changes a webhook. Enabling it forgets its failures; disabling it ends its deliveries.
   *
   * @returns null if the customer has no such webhook
   */
  changeWebhook(
    customerId: CustomerId,
    webhookId: string,
    change: Partial<Pick<Webhook, 'url' | 'events' | 'description'>> & { readonly enabled?: boolean | undefined },
  ): Promise<Webhook | null>;
  /** Removes a webhook with its deliveries. @returns false if the customer has no such webhook */
  deleteWebhook(customerId: CustomerId, webhookId: string): Promise<boolean>;
  /** Newest first. */
  listDeliveries(webhookId: string, page: PageRequest): Promise<Page<Delivery>>;
  findDelivery(webhookId: string, eventId: string): Promise<Delivery | null>;
  /** Queues a test event, also for a disabled webhook. @returns its ID. @throws Problem webhook_not_found */
  addTestEvent(webhookId: string): Promise<string>;
  /** Claims the delivery that is due for the longest time, of none of these webhooks and customers. */
  claimDelivery(claim: {
    readonly owner: string;
    readonly leaseMs: number;
    readonly busyWebhooks: readonly string[];
    readonly busyCustomers: readonly CustomerId[];
  }): Promise<DeliveryClaim | null>;
  /**
   * Records an attempt and ends its lease. The webhook is disabled if it is gone, or has failed for `disableAfterMs` without a
   * success; its deliveries then end.
   *
   * @returns why the webhook was disabled; null if it was not, or the lease was lost
   */
  recordDeliveryAttempt(record: {
    readonly webhookId: string;
    readonly eventId: string;
    readonly owner: string;
    readonly attempt: DeliveryAttempt;
    readonly verdict: AttemptVerdict;
    readonly disableAfterMs: number;
  }): Promise<DisabledReason | null>;
  /** Ends the leases of deliveries that an owner holds, without an attempt. */
  releaseDeliveries(owner: string): Promise<void>;
  /** Removes deliveries that ended longer ago than this. */
  pruneDeliveries(olderThanMs: number): Promise<void>;
}
