/**
 * The part of a limit that one customer may take: a number, all of it, half of it (rounded up), or no more than it leaves
 * free (dynamic thresholds: Choudhury and Hahne, 1998). With `dynamic` a single customer gets half, two get a third each, and
 * the next customer always finds something free.
 */
export type Share = number | 'all' | 'half' | 'dynamic';

/** Why a request gets no permits: the queue is full, the customer's share of the queue is used up, or it waited too long. */
export type Refusal = 'queue_full' | 'customer_queue_full' | 'wait_timeout';

export interface QueueOptions<Customer> {
  /** Requests that may wait. */
  readonly max: number;
  readonly share: Share;
  /** How long a request may wait. Default: until its signal aborts. */
  readonly maxWaitMs?: number;
  /** Makes the error that a refused request is rejected with. */
  readonly refuse: (refusal: Refusal, customer: Customer) => Error;
}

export interface FairSemaphoreOptions<Customer> {
  /** Permits: slots, bytes or any other unit. */
  readonly capacity: number;
  readonly share: Share;
  /** Default: any number of requests may wait. */
  readonly queue?: QueueOptions<Customer>;
}

export interface AcquireOptions {
  /** Default: 1. */
  readonly permits?: number;
  /** Ends the wait. Permits that were granted already are kept. */
  readonly signal?: AbortSignal;
}

interface Waiter {
  readonly permits: number;
  readonly grant: () => void;
}

/**
 * A semaphore that shares its permits fairly between customers.
 *
 * Customers are served in turn, and the requests of one customer in order. The request whose turn it is waits until enough
 * permits are free, and no other request overtakes it, so that large requests are not starved by small ones. Customers that
 * hold their share are passed over.
 */
export class FairSemaphore<Customer> {
  readonly #capacity: number;
  readonly #share: Share;
  readonly #queue: QueueOptions<Customer> | undefined;
  #free: number;
  readonly #held = new Map<Customer, number>();
  /** In the order in which customers are served; each has at least one waiter. */
  readonly #waiters = new Map<Customer, Set<Waiter>>();
  #waiting = 0;

  constructor({ capacity, share, queue }: FairSemaphoreOptions<Customer>) {
    this.#capacity = capacity;
    this.#share = share;
    this.#queue = queue;
    this.#free = capacity;
  }

  /** Permits that nobody holds. */
  get free(): number {
    return this.#free;
  }

  /** Whether a customer that holds nothing can ever get this many permits. */
  fits(permits: number): boolean {
    return permits <= this.#capacity && isWithin(this.#share, this.#capacity, this.#capacity, 0, permits);
  }

  /** Takes permits if that is possible without waiting. @returns as `acquire` does, or null */
  tryAcquire(customer: Customer, permits = 1): (() => void) | null {
    const mayTake =
      permits <= this.#free &&
      this.#isWithinShare(customer, permits) &&
      !this.#waiters.has(customer) &&
      this.#next() === null;
    return mayTake ? this.#take(customer, permits) : null;
  }

  /**
   * Takes permits, waiting for them if need be.
   *
   * @returns a function that gives the permits back; only its first call counts
   * @throws RangeError if they do not fit; what `refuse` returns; the reason of the signal
   */
  async acquire(customer: Customer, { permits = 1, signal }: AcquireOptions = {}): Promise<() => void> {
    signal?.throwIfAborted();
    if (!this.fits(permits)) throw new RangeError(`${permits} permits do not fit a capacity of ${this.#capacity}`);
    return this.tryAcquire(customer, permits) ?? this.#wait(customer, permits, signal);
  }

  /** Runs `work` while holding permits. @throws as `acquire` does, and whatever `work` throws */
  async run<T>(customer: Customer, options: AcquireOptions, work: () => Promise<T>): Promise<T> {
    const release = await this.acquire(customer, options);
    try {
      return await work();
    } finally {
      release();
    }
  }

  #isWithinShare(customer: Customer, permits: number): boolean {
    return isWithin(this.#share, this.#capacity, this.#free, this.#held.get(customer) ?? 0, permits);
  }

  #take(customer: Customer, permits: number): () => void {
    this.#free -= permits;
    this.#held.set(customer, (this.#held.get(customer) ?? 0) + permits);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#giveBack(customer, permits);
    };
  }

  #giveBack(customer: Customer, permits: number): void {
    this.#free += permits;
    const left = (this.#held.get(customer) ?? 0) - permits;
    if (left > 0) this.#held.set(customer, left);
    else this.#held.delete(customer);
    this.#serve();
  }

  /** The customer whose turn it is, and its first waiter; null if all that wait hold their share. */
  #next(): readonly [Customer, Waiter] | null {
    for (const [customer, [first]] of this.#waiters) {
      if (first && this.#isWithinShare(customer, first.permits)) return [customer, first];
    }
    return null;
  }

  #serve(): void {
    for (;;) {
      const next = this.#next();
      if (!next || next[1].permits > this.#free) return;
      const [customer, waiter] = next;
      this.#leave(customer, waiter);
      const others = this.#waiters.get(customer);
      // To the end: the other customers come first now.
      if (others && this.#waiters.delete(customer)) this.#waiters.set(customer, others);
      waiter.grant();
    }
  }

  async #wait(customer: Customer, permits: number, signal?: AbortSignal): Promise<() => void> {
    this.#refuseIfFull(customer);
    const { promise, resolve, reject } = Promise.withResolvers<() => void>();
    const waiter: Waiter = { permits, grant: () => resolve(this.#take(customer, permits)) };
    const giveUp = (reason: unknown): void => {
      // Out of the queue first, so that nothing is granted to it any more.
      this.#leave(customer, waiter);
      reject(reason);
      // It may have been the one that the others waited behind.
      this.#serve();
    };
    this.#enqueue(customer, waiter);
    const queue = this.#queue;
    const timer =
      queue?.maxWaitMs === undefined
        ? undefined
        : setTimeout(() => giveUp(queue.refuse('wait_timeout', customer)), queue.maxWaitMs);
    const onAbort = (): void => giveUp(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  #refuseIfFull(customer: Customer): void {
    if (!this.#queue) return;
    const { max, share, refuse } = this.#queue;
    const free = max - this.#waiting;
    if (free < 1) throw refuse('queue_full', customer);
    const own = this.#waiters.get(customer)?.size ?? 0;
    if (!isWithin(share, max, free, own, 1)) throw refuse('customer_queue_full', customer);
  }

  #enqueue(customer: Customer, waiter: Waiter): void {
    this.#waiting++;
    this.#waiters.set(customer, (this.#waiters.get(customer) ?? new Set()).add(waiter));
  }

  #leave(customer: Customer, waiter: Waiter): void {
    const own = this.#waiters.get(customer);
    if (!own?.delete(waiter)) return;
    this.#waiting--;
    if (own.size === 0) this.#waiters.delete(customer);
  }
}

/** Whether a customer that has taken `own` of a limit, of which `free` is left, may take `more` by its share. */
function isWithin(share: Share, limit: number, free: number, own: number, more: number): boolean {
  switch (share) {
    case 'all':
      return true;
    case 'half':
      return own + more <= Math.ceil(limit / 2);
    case 'dynamic':
      return own === 0 || own + more <= free;
    default:
      return own + more <= share;
  }
}
