import type { AttemptVerdict, DeliveryAttempt } from '../catalog/webhook.ts';

/** By how much a delay is extended at most, so that the events of a failure do not all return at the same time. */
const JITTER = 0.2;
/** "410 Gone": the receiver wants no more events (Standard Webhooks, "Disabling endpoints"). */
const GONE = 410;

/**
 * Decides what an attempt means for its delivery.
 *
 * @param retryMs the delays before the second and further attempts
 * @param earlier the number of attempts before this one
 * @param random from 0 to 1
 */
export function judgeAttempt(
  { status, error }: Pick<DeliveryAttempt, 'status' | 'error'>,
  earlier: number,
  retryMs: readonly number[],
  random: number = Math.random(),
): AttemptVerdict {
  if (error === null) return { kind: 'delivered' };
  if (status === GONE) return { kind: 'gone' };
  const delayMs = retryMs[earlier];
  if (delayMs === undefined) return { kind: 'failed' };
  return { kind: 'retry', delayMs: Math.round(delayMs * (1 + JITTER * random)) };
}
