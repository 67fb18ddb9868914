import { channel } from 'node:diagnostics_channel';

/**
 * The steps of every way on which a process may end, each named for what has just been done and lasts (or, with -ing, for what
 * is about to be done). `recovery.ts` has to be able to go on from each. Only the crash tests listen.
 */
export const STEPS = [
  // A file that comes in several requests
  'resumable_begun',
  'piece_appended',
  'whole_finishing',
  'whole_acknowledged',
  // Receiving
  'folder_made',
  'segment_written',
  'segments_durable',
  'registered',
  'acknowledged',
  // Loading
  'claimed',
  'claimed_early',
  'reading_found',
  'load_begun',
  'segment_appending',
  'segment_appended',
  'refusals_found',
  'started_over',
  'rows_durable',
  'committing',
  'committed',
  'segments_removed',
  'attempt_failed',
  // Taking back
  'cancelled',
  'undone',
  'rows_purged',
  'retried',
  // Recovering at the start
  'leases_released',
  'unacknowledged_forgotten',
  // Deleting a customer
  'deletion_begun',
  'table_dropped',
  'files_removed',
] as const;

export type Step = (typeof STEPS)[number];

export const STEPS_CHANNEL = 'thena:steps';
const steps = channel(STEPS_CHANNEL);

export function reached(step: Step): void {
  if (steps.hasSubscribers) steps.publish(step);
}
