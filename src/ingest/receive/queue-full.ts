import type { Catalog } from '../../catalog/catalog.ts';
import { exceededLimit, type QueueLimit, type QueueLimits } from '../../catalog/queue-limits.ts';
import { Problem } from '../../errors.ts';
import type { CustomerId } from '../../model/ids.ts';

/**
 * Refuses a file before it is read if it would be refused at its end.
 *
 * @param customerId null if a form has not named the customer yet
 * @throws Problem too_many_uploads, queue_full
 */
export async function refuseFullQueue(
  catalog: Pick<Catalog, 'queueUsage'>,
  limits: QueueLimits,
  customerId: CustomerId | null,
  bytes: number,
): Promise<void> {
  const limit = exceededLimit(await catalog.queueUsage(customerId), bytes, limits);
  if (limit) throw queueFull(limit, customerId, limits);
}

/** The problem of a file that would exceed a limit of its customer or of the whole queue. */
export function queueFull(limit: QueueLimit, customerId: CustomerId | null, limits: QueueLimits): Problem {
  const { maxWaitingUploads, maxWaitingBytes } = limits;
  switch (limit) {
    case 'uploads': {
      const detail = `Customer ${customerId} has ${maxWaitingUploads} uploads waiting to be loaded, the maximum.`;
      return new Problem('too_many_uploads', detail, { max_waiting_uploads: maxWaitingUploads });
    }
    case 'bytes': {
      const maxBytes = Math.floor(maxWaitingBytes / 2);
      const detail = `With this file, customer ${customerId} would have more than ${maxBytes} bytes waiting to be loaded.`;
      return new Problem('too_many_uploads', detail, { max_waiting_bytes: maxBytes });
    }
    case 'bytes_in_all': {
      const detail = `With this file, more than ${maxWaitingBytes} bytes would be waiting to be loaded.`;
      return new Problem('queue_full', detail, { max_waiting_bytes: maxWaitingBytes });
    }
  }
}
