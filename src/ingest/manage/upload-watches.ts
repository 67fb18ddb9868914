import { LRUCache } from 'lru-cache';
import { Problem } from '../../errors.ts';
import type { CustomerId, UploadId } from '../../model/ids.ts';
import type { Uploads } from './uploads.ts';

/** Watches of one customer, and of all. */
const MAX_OF_CUSTOMER = 100;
const MAX_IN_ALL = 1_000;
/** Changes within this time are reported as one. */
const COALESCE_MS = 250;
/** Of how many uploads the customer is remembered. */
const MAX_OWNERS = 10_000;
/** A watch whose reader is slow remembers this many changed uploads. */
const MAX_CHANGED = 1_000;

/** Reports which uploads of a customer, or whether one of them, have changed, and of any customer which no longer exist: each upload once,
 * however often it has changed since the last report. */
export interface UploadWatch {
  /**
   * Waits for a change, but at most `timeoutMs`, or until the signal aborts.
   *
   * @returns the uploads that have changed; `too_many` if there were more than can be remembered
   */
  next(timeoutMs: number, signal: AbortSignal): Promise<readonly UploadId[] | 'too_many'>;
  /** Must be called. */
  close(): void;
}

class Watch implements UploadWatch {
  readonly customerId: CustomerId;
  /** Null: all of the customer. */
  readonly uploadId: UploadId | null;
  /** Whether it was opened since the last call of `recheckNew`. */
  isNew = true;
  readonly #onClose: () => void;
  readonly #changed = new Set<UploadId>();
  #hasTooMany = false;
  #wake: () => void = () => undefined;

  constructor(customerId: CustomerId, uploadId: UploadId | null, onClose: () => void) {
    this.customerId = customerId;
    this.uploadId = uploadId;
    this.#onClose = onClose;
  }

  /** @param owner of the upload; null if it no longer exists, so that any watch may have reported it before */
  change(id: UploadId, owner: CustomerId | null): void {
    if (owner !== null && owner !== this.customerId) return;
    if (this.uploadId !== null && this.uploadId !== id) return;
    if (this.#changed.size === MAX_CHANGED) {
      this.#changed.clear();
      this.#hasTooMany = true;
    }
    if (!this.#hasTooMany) this.#changed.add(id);
    this.#wake();
  }

  async next(timeoutMs: number, signal: AbortSignal): Promise<readonly UploadId[] | 'too_many'> {
    if (!this.#hasTooMany && this.#changed.size === 0 && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, timeoutMs);
      const wake = (): void => resolve();
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
      await promise;
      signal.removeEventListener('abort', wake);
      clearTimeout(timer);
    }
    const changed = this.#hasTooMany ? 'too_many' : [...this.#changed];
    this.#changed.clear();
    this.#hasTooMany = false;
    return changed;
  }

  /** To be called if changes may have been missed. */
  miss(): void {
    this.#hasTooMany = true;
    this.#wake();
  }

  close(): void {
    this.#onClose();
  }
}

/** Those who follow all uploads of a customer. */
export class UploadWatches {
  readonly #uploads: Pick<Uploads, 'find'>;
  readonly #onFailure: (error: Error) => void;
  readonly #watches = new Set<Watch>();
  readonly #changed = new Set<UploadId>();
  readonly #owners = new LRUCache<UploadId, CustomerId>({ max: MAX_OWNERS });
  #timer: NodeJS.Timeout | null = null;

  constructor(uploads: Pick<Uploads, 'find'>, onFailure: (error: Error) => void) {
    this.#uploads = uploads;
    this.#onFailure = onFailure;
  }

  /** @throws Problem too_many_streams */
  open(customerId: CustomerId): UploadWatch {
    const watches = [...this.#watches].filter(({ uploadId }) => uploadId === null);
    const ofCustomer = watches.filter((watch) => watch.customerId === customerId).length;
    if (ofCustomer >= MAX_OF_CUSTOMER) {
      throw new Problem(
        'too_many_streams',
        `Customer ${customerId} has ${ofCustomer} event streams, which is the maximum.`,
      );
    }
    if (watches.length >= MAX_IN_ALL) {
      throw new Problem('too_many_streams', `The server has ${MAX_IN_ALL} event streams, which is the maximum.`);
    }
    return this.#add(customerId, null);
  }

  openOne(customerId: CustomerId, uploadId: UploadId): UploadWatch {
    return this.#add(customerId, uploadId);
  }

  #add(customerId: CustomerId, uploadId: UploadId | null): UploadWatch {
    const watch: Watch = new Watch(customerId, uploadId, () => this.#watches.delete(watch));
    this.#watches.add(watch);
    return watch;
  }

  /** Customers of whom all uploads are followed. */
  get customerIds(): ReadonlySet<CustomerId> {
    return new Set([...this.#watches].flatMap(({ customerId, uploadId }) => (uploadId === null ? [customerId] : [])));
  }

  /** Uploads that are followed one by one. */
  get uploadIds(): ReadonlySet<UploadId> {
    return new Set([...this.#watches].flatMap(({ uploadId }) => uploadId ?? []));
  }

  /** Has those that were opened since the last call look at everything again. */
  recheckNew(): void {
    for (const watch of this.#watches) {
      if (watch.isNew) watch.miss();
      watch.isNew = false;
    }
  }

  /** To be called after every change of an upload. @param owner null: not known */
  changed(id: UploadId, owner: CustomerId | null): void {
    if (this.#watches.size === 0) return;
    if (owner !== null) this.#owners.set(id, owner);
    this.#changed.add(id);
    this.#timer ??= setTimeout(() => void this.#report().catch((error) => this.#fail(error)), COALESCE_MS);
  }

  /** Those who follow only this upload need not wait for what else has changed. */
  ended(id: UploadId): void {
    for (const watch of this.#watches) if (watch.uploadId === id) watch.change(id, null);
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#watches.clear();
  }

  #fail(error: Error): void {
    for (const watch of this.#watches) watch.miss();
    this.#onFailure(error);
  }

  async #report(): Promise<void> {
    const ids = [...this.#changed];
    this.#changed.clear();
    this.#timer = null;
    for (const id of ids) {
      const owner = this.#owners.get(id) ?? (await this.#uploads.find(id))?.customerId ?? null;
      if (owner !== null) this.#owners.set(id, owner);
      for (const watch of this.#watches) watch.change(id, owner);
    }
  }
}
