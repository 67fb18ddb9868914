import { channel } from 'node:diagnostics_channel';

/**
 * The points at which a process may end, in every procedure that writes. Each is named for what has just become durable, or, with
 * -ing, for what comes next. After a crash at any of them, `recovery.ts` must be able to continue. Only the crash tests listen.
 */
export const FAILPOINTS = [
  // Resumable files
  'resumable_created',
  'chunk_appended',
  'resumable_finishing',
  'resumable_acknowledged',
  // Receiving
  'spool_folder_created',
  'segment_written',
  'segments_durable',
  'registered',
  'acknowledged',
  // Loading
  'claimed',
  'claimed_early',
  'formats_found',
  'load_started',
  'segment_appending',
  'segment_appended',
  'rejected_rows_found',
  'attempt_restarted',
  'rows_durable',
  'committing',
  'committed',
  'segments_removed',
  'attempt_failed',
  // Cancelling, undoing, retrying
  'cancelled',
  'undone',
  'rows_purged',
  'retried',
  // Recovering at startup
  'leases_released',
  'unacknowledged_deleted',
  // Deleting a customer
  'deletion_started',
  'table_dropped',
  'files_removed',
] as const;

export type Failpoint = (typeof FAILPOINTS)[number];

export const FAILPOINTS_CHANNEL = 'thena:failpoints';
const failpoints = channel(FAILPOINTS_CHANNEL);

/** Marks that the process has come to this point. */
export function failpoint(name: Failpoint): void {
  if (failpoints.hasSubscribers) failpoints.publish(name);
}
