import { Problem } from '../../errors.ts';
import { StorageFailure } from '../../model/storage-failure.ts';

/** Whether an attempt failed only because the disk is full: its file is not to blame. */
export function isDiskFull(error: unknown): boolean {
  if (error instanceof Problem) return error.code === 'disk_full';
  return error instanceof StorageFailure && error.reason === 'no_space';
}

/** Whether an attempt failed because the store stopped, ran out of memory (which analyses share), or its disk failed. */
export function maySucceedNextTime(error: unknown): boolean {
  if (!(error instanceof StorageFailure)) return false;
  return error.storeStopped || error.reason === 'out_of_memory' || error.reason === 'io_error';
}

/** Whether a store failed in a way that the rows it was given may have caused. */
export function mayBlameRows(error: unknown): error is StorageFailure {
  if (!(error instanceof StorageFailure) || error.storeStopped) return false;
  // Nothing is to be found on a full disk, and looking for it would write to the disk.
  return error.reason !== 'no_space' && error.reason !== 'cancelled';
}
