import type { AttemptVerdict } from '../catalog/webhook.ts';
import type { SentEvent } from './send-event.ts';

/** By how much a delay is extended at most, so that the events of a failure do not all return at the same time. */
const JITTER = 0.2;
/** "410 Gone": the receiver wants no more events (Standard Webhooks, "Disabling endpoints"). */
const GONE = 410;
/** A receiver can delay an event by a day at most, and an event is not sent more often than without its wish. */
const MOST_RETRY_AFTER_MS = 24 * 3_600_000;

/**
 * Decides what an attempt means for its delivery.
 *
 * @param retryMs the delays before the second and further attempts
 * @param earlier the number of attempts before this one
 * @param random from 0 to 1
 */
export function judgeAttempt(
  { status, error, retryAfterMs }: Pick<SentEvent, 'status' | 'error' | 'retryAfterMs'>,
  earlier: number,
  retryMs: readonly number[],
  random: number = Math.random(),
): AttemptVerdict {
  if (error === null) return { kind: 'delivered' };
  if (status === GONE) return { kind: 'gone' };
  const delayMs = retryMs[earlier];
  if (delayMs === undefined) return { kind: 'failed' };
  const wanted = Math.min(retryAfterMs ?? 0, MOST_RETRY_AFTER_MS);
  return { kind: 'retry', delayMs: Math.round(Math.max(delayMs, wanted) * (1 + JITTER * random)) };
}
