import { StorageFailure } from '../../model/storage-failure.ts';

/** Waits for a promise until the attempt that waits is aborted. @throws StorageFailure cancelled */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new StorageFailure('cancelled', 'the attempt was aborted while it was waiting'));
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
