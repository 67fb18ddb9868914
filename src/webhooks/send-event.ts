import { once } from 'node:events';
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { Webhook as Signer } from 'standardwebhooks';
import type { DeliveryAttempt } from '../catalog/webhook.ts';
import { AddressRefused, hostOf, publicLookup, refusePrivateLiteral } from './target-address.ts';

/** A request to the URL of a webhook, before it is signed. */
export interface OutgoingEvent {
  readonly url: string;
  readonly secret: string;
  readonly eventId: string;
  /** JSON. */
  readonly payload: string;
}

export interface SendLimits {
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
  /** Ends the request when the server stops. */
  readonly signal: AbortSignal;
}

export interface SentEvent extends DeliveryAttempt {
  /** How long the receiver wants no further request (RFC 9110, "Retry-After"); null: it did not say. */
  readonly retryAfterMs: number | null;
}

/** How much of a response is read. Nothing of it is kept. */
const MAX_RESPONSE_BYTES = 64 * 1024;

/**
 * Sends an event once, signed according to the Standard Webhooks specification (standardwebhooks.com). Redirects are not followed:
 * their targets were not given by the customer.
 *
 * @returns the attempt; `error` is null for statuses from 200 to 299
 * @throws the reason of the signal
 */
export async function sendEvent(event: OutgoingEvent, limits: SendLimits): Promise<SentEvent> {
  const at = new Date();
  const startedAt = performance.now();
  const elapsed = (): number => Math.round(performance.now() - startedAt);
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  try {
    const { status, retryAfter, ended } = await respondTo(event, at, limits, AbortSignal.any([timeout, limits.signal]));
    const ms = elapsed();
    await ended;
    return { at, ms, status, error: errorOfStatus(status), retryAfterMs: delayOf(retryAfter, at) };
  } catch (error) {
    limits.signal.throwIfAborted();
    const reason = timeout.aborted ? `No response within ${limits.timeoutMs / 1000} s.` : errorOfConnection(error);
    return { at, ms: elapsed(), status: null, error: reason, retryAfterMs: null };
  }
}

async function respondTo(
  { url: text, secret, eventId, payload }: OutgoingEvent,
  at: Date,
  { allowPrivate }: SendLimits,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly retryAfter: string; readonly ended: Promise<void> }> {
  const url = new URL(text);
  if (!allowPrivate) refusePrivateLiteral(hostOf(url));
  const body = Buffer.from(payload);
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  const request = send(url, {
    method: 'POST',
    // A connection of its own: one that is kept alive may lead to an address that is no longer that of the host.
    agent: false,
    signal,
    ...(!allowPrivate && { lookup: publicLookup }),
    headers: {
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'Thena',
      'webhook-id': eventId,
      'webhook-timestamp': Math.floor(at.getTime() / 1000),
      'webhook-signature': new Signer(secret).sign(eventId, at, payload),
    },
  });
  // After the response, errors decide nothing more, but one without a listener would end the process.
  request.on('error', () => undefined);
  request.end(body);
  // Of a response that changes the protocol, which was not asked for, there is only this event.
  const heads = ['response', 'upgrade'].map((event) => once(request, event, { signal }));
  const [response, upgraded] = (await Promise.race(heads)) as [IncomingMessage, Duplex?];
  upgraded?.destroy();
  const retryAfter = response.headers['retry-after'] ?? '';
  return { status: response.statusCode ?? 0, retryAfter, ended: discard(response) };
}

/** Reads a response to its end, but not a long one, so that its sender sees no error. */
async function discard(response: IncomingMessage): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of response) {
      bytes += chunk.length;
      if (bytes > MAX_RESPONSE_BYTES) break;
    }
  } catch {
    // The status has decided already.
  }
  response.destroy();
}

/** Seconds, or a date as HTTP writes it. */
function delayOf(retryAfter: string, now: Date): number | null {
  const text = retryAfter.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = /\bGMT$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

function errorOfStatus(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `Status ${status}: redirects are not followed.`;
  return `Status ${status}.`;
}

/** A sentence without anything of the URL. */
function errorOfConnection(error: unknown): string {
  if (error instanceof AddressRefused) return 'The address is not public.';
  const { code = 'unknown error' } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'The host name does not resolve.';
    case 'ECONNREFUSED':
      return 'Connection refused.';
    case 'ECONNRESET':
      return 'The connection was closed before a response.';
    default:
      return `Connection failed (${code}).`;
  }
}
