import { channel } from 'node:diagnostics_channel';

/**
 * Points at which the process may die. Each is named for what has just become durable or, with -ing, for what comes next.
 * `recovery.ts` must be able to continue from each. Only the crash tests subscribe to them.
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
  'column_added',
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
  // Opening a table file of an earlier version, in the engine
  'columns_renaming',
  'columns_renamed',
  // Recovering at startup
  'leases_released',
  'unacknowledged_deleted',
  // Deleting a customer
  'deletion_started',
  'table_dropped',
  'files_removed',
] as const;

/** Those of a move, of which a server reaches none. A repeated move has to continue from each. */
export const MOVE_FAILPOINTS = [
  'move_begun',
  'rows_copied',
  'table_copied',
  'files_copied',
  'customer_copied',
  'move_ending',
] as const;

export type ServerFailpoint = (typeof FAILPOINTS)[number];
export type Failpoint = ServerFailpoint | (typeof MOVE_FAILPOINTS)[number];

export const FAILPOINTS_CHANNEL = 'thena:failpoints';
const failpoints = channel(FAILPOINTS_CHANNEL);

/** Reports to the crash tests that the process has reached a failpoint. */
export function failpoint(name: Failpoint): void {
  if (failpoints.hasSubscribers) failpoints.publish(name);
}
