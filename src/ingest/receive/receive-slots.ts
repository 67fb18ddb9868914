import { Problem } from '../../errors.ts';
import { FairSemaphore } from '../../fair-semaphore.ts';
import type { CustomerId } from '../../model/ids.ts';

/** Files that may wait for a slot, their bytes unread. */
const MAX_WAITING = 5_000;

/**
 * Slots for files that are being received, each of which needs memory. A slow client holds its slot for a long time, so both
 * the slots and the queue have dynamic shares: the next customer always finds room.
 *
 * Files whose customer is not known yet (null) share what one customer may have.
 */
export type ReceiveSlots = FairSemaphore<CustomerId | null>;

/** @param maxWaitMs how long a file may wait for a slot before it is refused with `server_busy` */
export function createReceiveSlots(maxReceives: number, maxWaitMs: number): ReceiveSlots {
  const refuse = (): Problem => new Problem('server_busy', 'The server is receiving the maximum number of files.');
  return new FairSemaphore({
    capacity: maxReceives,
    share: 'dynamic',
    queue: { max: MAX_WAITING, share: 'dynamic', maxWaitMs, refuse },
  });
}
