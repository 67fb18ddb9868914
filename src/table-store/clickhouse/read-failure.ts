import { StorageFailure } from '../../model/storage-failure.ts';
import { ClickhouseException, isMissingTable } from './clickhouse-failure.ts';
import { OUT_OF_RANGE } from './measures.ts';

/** What a read can end with other than its result. */
export type ReadEnd =
  | 'too_many_rows'
  | 'too_many_bytes'
  | 'timed_out'
  | 'cancelled'
  | 'out_of_memory'
  | 'out_of_range'
  | 'no_table';

const TOO_MANY_ROWS_OR_BYTES = 396;
const TIMEOUT_EXCEEDED = 159;
const THROWN_BY_QUERY = 395;

/**
 * How a read ended through its own demands, or by its caller.
 *
 * @param signal of the caller
 * @param ends aborts at the deadline, too
 * @throws the error if the servers are at fault
 */
export function endOf(error: unknown, signal: AbortSignal, ends: AbortSignal): ReadEnd {
  if (signal.aborted) return 'cancelled';
  if (ends.aborted) return 'timed_out';
  if (!(error instanceof StorageFailure)) throw error;
  // Disk space is needed for what does not fit into memory.
  if (error.reason === 'out_of_memory' || error.reason === 'no_space') return 'out_of_memory';
  if (!(error instanceof ClickhouseException)) throw error;
  if (isMissingTable(error)) return 'no_table';
  switch (error.code) {
    case TIMEOUT_EXCEEDED:
      return 'timed_out';
    case TOO_MANY_ROWS_OR_BYTES:
      return /max rows/.test(error.message) ? 'too_many_rows' : 'too_many_bytes';
    case THROWN_BY_QUERY:
      if (error.message.includes(OUT_OF_RANGE)) return 'out_of_range';
  }
  throw error;
}
