import type { UploadError } from '../../catalog/upload.ts';
import { Problem } from '../../errors.ts';
import { StorageFailure } from '../../model/storage-failure.ts';

/** A file under which the engine dies this often while it is the only one being read fails. */
const MAX_ENGINE_DEATHS = 2;
/** The same while other files or queries, which may be to blame, are running. */
const MAX_ENGINE_DEATHS_IN_COMPANY = 8;

/** What the failure of an attempt means for its upload. */
export type Verdict =
  /** The disk is full, for which the file is not to blame. */
  | { readonly kind: 'wait_for_space' }
  /** The store, or the catalog, cannot be reached, however often it is tried. */
  | { readonly kind: 'wait_for_store' }
  /** The next attempt may succeed. `engineDied` counts towards the maximum. `alone`: while no other file is being read. */
  | { readonly kind: 'try_again'; readonly engineDied: boolean; readonly alone: boolean }
  | { readonly kind: 'fail'; readonly error: UploadError };

/** How an attempt ran. */
export interface Circumstances {
  /** How many earlier attempts have ended with the engine, or ran out of memory. */
  readonly engineDeaths: number;
  /** No other file was being read when the attempt failed. */
  readonly isAlone: boolean;
  /** No other file was being read from its start, since an earlier attempt ran out of memory. */
  readonly isIsolated: boolean;
}

export function verdictOn(failure: Error, circumstances: Circumstances): Verdict {
  if (failure instanceof Problem) {
    if (failure.code === 'disk_full') return { kind: 'wait_for_space' };
    // It may have committed the upload even so: then nothing is left to do.
    if (failure.code === 'catalog_unavailable') return { kind: 'wait_for_store' };
    // The file is not to blame, and the spool has been tried for a while.
    if (failure.code === 'spool_unavailable') return { kind: 'try_again', engineDied: false, alone: false };
    return { kind: 'fail', error: { code: failure.code, detail: failure.detail, extra: failure.extra } };
  }
  if (!(failure instanceof StorageFailure)) return unexpected();
  const { reason, storeStopped, wasKilled, alongsideQuery } = failure;
  if (reason === 'no_space') return { kind: 'wait_for_space' };
  if (reason === 'unavailable') return { kind: 'wait_for_store' };
  if (reason === 'out_of_memory') return outOfMemory(failure, circumstances);
  if (wasKilled) return { kind: 'try_again', engineDied: false, alone: false };
  const deaths = circumstances.engineDeaths + 1;
  const isOnlyOne = circumstances.isAlone && !alongsideQuery;
  const maxDeaths = isOnlyOne ? MAX_ENGINE_DEATHS : MAX_ENGINE_DEATHS_IN_COMPANY;
  // The disk may work again.
  const maySucceed = storeStopped || reason === 'io_error';
  if (maySucceed && deaths < maxDeaths) return { kind: 'try_again', engineDied: true, alone: false };
  if (reason !== 'crashed') return unexpected();
  const detail = `The engine stopped ${deaths} times while it read this file.`;
  return { kind: 'fail', error: { code: 'file_crashed_reader', detail, extra: {} } };
}

/**
 * Other files, queries and what earlier ones have left behind take memory as well: a file fails only if it runs out of it while no
 * other is read, and certainly by its own doing or for the second time.
 */
function outOfMemory(
  { memoryExcess, alongsideQuery }: StorageFailure,
  { engineDeaths, isIsolated }: Circumstances,
): Verdict {
  if (memoryExcess?.blame === 'none') return { kind: 'try_again', engineDied: false, alone: false };
  const isRepeated = engineDeaths >= MAX_ENGINE_DEATHS;
  const isAtFault = isIsolated && !alongsideQuery && (isRepeated || memoryExcess?.blame === 'certain');
  if (!isAtFault && engineDeaths + 1 < MAX_ENGINE_DEATHS_IN_COMPANY) {
    return { kind: 'try_again', engineDied: true, alone: true };
  }
  const detail = memoryExcess
    ? `Reading the file took ${memoryExcess.bytes} bytes of memory; the limit is ${memoryExcess.limitBytes}.`
    : 'Reading the file takes more memory than THENA_ENGINE_MEMORY allows.';
  return { kind: 'fail', error: { code: 'file_needs_more_memory', detail, extra: {} } };
}

/** @returns whether a store failed in a way that the rows may have caused */
export function mayBlameRows(failure: unknown): failure is StorageFailure {
  if (!(failure instanceof StorageFailure) || failure.storeStopped) return false;
  // Looking for rows to blame would write to the full disk, and take as much memory.
  return !['no_space', 'out_of_memory', 'cancelled'].includes(failure.reason);
}

function unexpected(): Verdict {
  const detail = 'Loading the file failed unexpectedly. The log says why.';
  return { kind: 'fail', error: { code: 'ingest_failed', detail, extra: {} } };
}
