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
  /** The next attempt may succeed. `engineDied` counts towards the maximum. */
  | { readonly kind: 'try_again'; readonly engineDied: boolean }
  | { readonly kind: 'fail'; readonly error: UploadError };

/**
 * @param engineDeaths how many earlier attempts have ended with the engine
 * @param isAlone whether no other file was being read
 */
export function verdictOn(
  failure: Error,
  { engineDeaths, isAlone }: { readonly engineDeaths: number; readonly isAlone: boolean },
): Verdict {
  if (failure instanceof Problem) {
    if (failure.code === 'disk_full') return { kind: 'wait_for_space' };
    return { kind: 'fail', error: { code: failure.code, detail: failure.detail, extra: failure.extra } };
  }
  if (!(failure instanceof StorageFailure)) return unexpected();
  const { reason, storeStopped, wasKilled, alongsideQuery } = failure;
  if (reason === 'no_space') return { kind: 'wait_for_space' };
  if (wasKilled) return { kind: 'try_again', engineDied: false };
  const deaths = engineDeaths + 1;
  const maxDeaths = isAlone && !alongsideQuery ? MAX_ENGINE_DEATHS : MAX_ENGINE_DEATHS_IN_COMPANY;
  // Analyses share the memory, and the disk may work again.
  const maySucceed = storeStopped || reason === 'out_of_memory' || reason === 'io_error';
  if (maySucceed && deaths < maxDeaths) return { kind: 'try_again', engineDied: true };
  if (reason !== 'crashed' && reason !== 'unavailable') return unexpected();
  const detail = `The engine stopped ${deaths} times while it read this file.`;
  return { kind: 'fail', error: { code: 'file_crashed_reader', detail, extra: {} } };
}

/** @returns whether a store failed in a way that the rows may have caused */
export function mayBlameRows(failure: unknown): failure is StorageFailure {
  if (!(failure instanceof StorageFailure) || failure.storeStopped) return false;
  // Looking for rows to blame would write to the full disk.
  return failure.reason !== 'no_space' && failure.reason !== 'cancelled';
}

function unexpected(): Verdict {
  const detail = 'Loading the file failed unexpectedly. The log says why.';
  return { kind: 'fail', error: { code: 'ingest_failed', detail, extra: {} } };
}
