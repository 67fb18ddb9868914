import { channel } from 'node:diagnostics_channel';

/**
 * The steps of every way on which a process may end, each named for what has just been done and lasts (or, with -ing, for what
 * is about to be done). `recovery.ts` has to be able to go on from each. Only the crash tests listen.
 */
export const FAILPOINTS = [
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
  'formats_found',
  'load_begun',
  'segment_appending',
  'segment_appended',
  'rejected_rows_found',
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

export type Failpoint = (typeof FAILPOINTS)[number];

export const FAILPOINTS_CHANNEL = 'thena:failpoints';
const failpoints = channel(FAILPOINTS_CHANNEL);

export function failpoint(name: Failpoint): void {
  if (failpoints.hasSubscribers) failpoints.publish(name);
}
