import type { Readable } from 'node:stream';
import { Problem } from '../../errors.ts';

/** How slowly a client may send. */
export interface MinimumRate {
  readonly windowMs: number;
  /** Bytes that must arrive in each window of waiting time. */
  readonly bytes: number;
}

/** A client that trickles bytes could hold its receive slot forever; slow but honest connections exceed 1 KiB/s by far. */
export const MINIMUM_RATE: MinimumRate = { windowMs: 60_000, bytes: 60 * 1024 };

/**
 * Passes bytes on as long as they arrive fast enough. Only the time spent waiting for bytes counts, so that the client is not
 * blamed for the server's own work, and the whole file may take any time.
 *
 * @throws Problem upload_too_slow, with the first bytes that arrive too late
 */
export async function* fastEnough(
  input: AsyncGenerator<Buffer, void>,
  { windowMs, bytes: minBytes }: MinimumRate,
): AsyncGenerator<Buffer, void> {
  let waitedMs = 0;
  let bytes = 0;
  try {
    for (;;) {
      const askedAt = performance.now();
      const { value, done } = await input.next();
      if (done) return;
      waitedMs += performance.now() - askedAt;
      bytes += value.length;
      if (waitedMs >= windowMs) {
        if (bytes < minBytes) {
          const detail = `Only ${bytes} bytes arrived in ${Math.round(waitedMs / 1000)} s; the minimum is ${minBytes}.`;
          throw new Problem('upload_too_slow', detail, { min_bytes: minBytes, window_seconds: windowMs / 1000 });
        }
        waitedMs = 0;
        bytes = 0;
      }
      yield value;
    }
  } finally {
    await input.return();
  }
}

/**
 * Passes bytes on until none has arrived for `idleMs`: then the stream ends with the problem upload_too_slow. The clock runs
 * only while the next bytes are being waited for.
 */
export async function* neverIdle(input: Readable, idleMs: number): AsyncGenerator<Buffer, void> {
  const bytes = input[Symbol.asyncIterator]() as AsyncIterator<Buffer, void>;
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) input.destroy(stalled(idleMs));
  }, idleMs).unref();
  try {
    for (;;) {
      waiting = true;
      timer.refresh();
      const { value, done } = await bytes.next();
      waiting = false;
      if (done) return;
      yield value;
    }
  } finally {
    clearTimeout(timer);
    await bytes.return?.();
  }
}

/** The problem of a client that has sent nothing for `idleMs`. */
export function stalled(idleMs: number): Problem {
  const seconds = idleMs / 1000;
  return new Problem('upload_too_slow', `No bytes arrived for ${seconds} s in the middle of the upload.`, {
    idle_seconds: seconds,
  });
}
