import type { Catalog } from '../../catalog/catalog.ts';
import { exceededLimit, type QueueLimit, type QueueLimits } from '../../catalog/queue-limits.ts';
import { Problem } from '../../errors.ts';
import type { CustomerId } from '../../model/ids.ts';

/**
 * Refuses a file before it is read, where it would be refused at its end.
 *
 * @param customerId null where a form has not named it yet
 * @throws Problem too_many_uploads, queue_full
 */
export async function refuseFullQueue(
  { catalog, ...limits }: QueueLimits & { readonly catalog: Pick<Catalog, 'queueUsage'> },
  customerId: CustomerId | null,
  bytes: number,
): Promise<void> {
  const limit = exceededLimit(await catalog.queueUsage(customerId), bytes, limits);
  if (limit) throw queueFull(limit, customerId, limits);
}

/** What a sender is told whose file would pass a limit: its customer's own, or that of all. */
export function queueFull(limit: QueueLimit, customerId: CustomerId | null, limits: QueueLimits): Problem {
  const { maxWaitingUploads, maxWaitingBytes } = limits;
  switch (limit) {
    case 'uploads': {
      const detail = `${maxWaitingUploads} uploads of customer ${customerId} wait to be loaded.`;
      return new Problem('too_many_uploads', detail, { max_waiting_uploads: maxWaitingUploads });
    }
    case 'bytes': {
      const most = Math.floor(maxWaitingBytes / 2);
      const detail = `With this file, more than ${most} bytes of customer ${customerId} would wait to be loaded.`;
      return new Problem('too_many_uploads', detail, { max_waiting_bytes: most });
    }
    case 'bytes_in_all': {
      const detail = `With this file, more than ${maxWaitingBytes} bytes would wait to be loaded.`;
      return new Problem('queue_full', detail, { max_waiting_bytes: maxWaitingBytes });
    }
  }
}
