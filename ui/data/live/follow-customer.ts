import type { LiveMessage } from './live-message.ts';
import { readEvents } from './read-events.ts';

const RETRY_MS = [500, 1_000, 2_000, 5_000] as const;

/**
 * Follows a customer: what happens to its uploads and its table, in any tab and by any client.
 *
 * Browsers open six connections to a server, for all tabs together. So the tabs of a customer elect one, by a lock of the browser,
 * that holds the stream and passes its messages on. The lock is released when that tab ends, whatever ends it.
 *
 * @returns stops following
 */
export function followCustomer(customerId: string, onMessage: (message: LiveMessage) => void): () => void {
  const stop = new AbortController();
  const name = `thena-live-${customerId}`;
  const channel = new BroadcastChannel(name);
  let leads = false;
  let connected = false;
  channel.onmessage = ({ data }: MessageEvent<LiveMessage | { readonly kind: 'hello' }>) => {
    if (data.kind !== 'hello') onMessage(data);
    else if (leads) channel.postMessage({ kind: 'connected', connected });
  };
  channel.postMessage({ kind: 'hello' });
  const publish = (message: LiveMessage): void => {
    if (stop.signal.aborted) return;
    if (message.kind === 'connected') connected = message.connected;
    channel.postMessage(message);
    onMessage(message);
  };
  const lead = async (): Promise<void> => {
    leads = true;
    await keepReading(customerId, stop.signal, publish);
  };
  // Rejected with the reason of the signal if the tab stops following while it waits.
  navigator.locks.request(name, { signal: stop.signal }, lead).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  return () => {
    stop.abort();
    channel.close();
  };
}

async function keepReading(
  customerId: string,
  signal: AbortSignal,
  publish: (message: LiveMessage) => void,
): Promise<void> {
  for (let failures = 0; !signal.aborted; failures++) {
    try {
      await readEvents(customerId, signal, (message) => {
        if (message.kind === 'connected') failures = 0;
        publish(message);
      });
    } catch (error) {
      if (!signal.aborted) console.debug('The event stream ended.', error);
    }
    publish({ kind: 'connected', connected: false });
    await pause(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)] ?? 0, signal);
  }
}

/** Waits, but not after the signal or when the network is back. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
