import type { FairSemaphore, QueueOptions } from '../../src/fair-semaphore.ts';

export const QUEUE: QueueOptions<string> = {
  max: 1_000,
  share: 'all',
  refuse: (refusal, customer) => new Error(`${refusal} ${customer}`),
};

/** Acquires once for each customer. @returns who was granted so far, in order, and the functions that give back */
export function acquireAll(semaphore: FairSemaphore<string>, customers: readonly string[], permits = 1) {
  const granted: string[] = [];
  const releases: (() => void)[] = [];
  const outcomes = customers.map((customer) =>
    semaphore.acquire(customer, { permits }).then(
      (release) => {
        granted.push(customer);
        releases.push(release);
        return 'granted';
      },
      ({ message }: Error) => message,
    ),
  );
  return { granted, releases, outcomes };
}
