import { FairSemaphore } from '../../fair-semaphore.ts';
import type { CustomerId } from '../../model/ids.ts';

/** Memory per value of a median or quantile: 8 bytes, in a list that doubles as it grows. */
export const BYTES_PER_QUANTILE_VALUE = 16;

/** The memory that medians and quantiles may use, in bytes. */
export type QuantileMemory = FairSemaphore<CustomerId>;

/**
 * DuckDB 1.5.5 keeps all values of a quantile in memory and does not count them towards its memory limit: 30 million values
 * took 470 MB under a limit of 512 MB, and three quantiles of them 1.4 GB.
 */
export function quantileMemory(bytes: number): QuantileMemory {
  return new FairSemaphore({ capacity: bytes, share: 'all' });
}
