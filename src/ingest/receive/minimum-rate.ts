import type { Readable } from 'node:stream';
import { Problem } from '../../errors.ts';

/** How slow a sender may be. */
export interface LeastRate {
  readonly windowMs: number;
  /** Bytes that have to come while that long was spent waiting for them. */
  readonly bytes: number;
}

/** A sender that trickles holds a place as long as it likes; honest slow lines bring far more than 1 KiB a second. */
export const LEAST_RATE: LeastRate = { windowMs: 60_000, bytes: 60 * 1024 };

/**
 * Passes bytes on, as long as they come fast enough. Only the time that is spent waiting for bytes counts: what Thena takes
 * for itself is not the sender's fault, and the whole may take as long as it likes.
 *
 * @throws Problem upload_too_slow, once the bytes that come after it are known to be late
 */
export async function* fastEnough(
  input: AsyncGenerator<Buffer, void>,
  { windowMs, bytes: least }: LeastRate,
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
        if (bytes < least) {
          const detail = `${bytes} bytes came in ${Math.round(waitedMs / 1000)} s; at least ${least} have to.`;
          throw new Problem('upload_too_slow', detail, { least_bytes: least, window_seconds: windowMs / 1000 });
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
 * Passes bytes on until none comes for so long: then the stream ends with the problem upload_too_slow. While nobody asks
 * for bytes, none is missed.
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

/** What a sender is told of whom nothing has come for so long. */
export function stalled(idleMs: number): Problem {
  const seconds = idleMs / 1000;
  return new Problem('upload_too_slow', `Nothing came for ${seconds} s in the middle of the upload.`, {
    idle_seconds: seconds,
  });
}
