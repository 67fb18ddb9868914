import { client } from '../client.ts';
import { endsSession, untilSession } from '../session-end.ts';
import { withAnyLock, withTabLock } from '../tab-lock.ts';
import type { LiveConnection, LiveMessage } from './live-message.ts';

/** Before the stream is opened again after the server refused it, as it does for a customer that does not exist yet. */
const REFUSED_MS = 3_000;

/**
 * A browser that shows several customers has so many streams at the most: of its six connections to the server, the others are for
 * everything else. With HTTP/2, there would be more, but a page cannot know.
 */
const STREAM_LOCKS = [1, 2, 3].map((number) => `thena-stream-${number}`);

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
  let connection: LiveConnection = 'lost';
  channel.onmessage = ({ data }: MessageEvent<LiveMessage | { readonly event: 'hello' }>) => {
    if (data.event !== 'hello') onMessage(data);
    else if (leads) channel.postMessage({ event: 'connection', data: connection });
  };
  channel.postMessage({ event: 'hello' });
  const publish = (message: LiveMessage): void => {
    if (stop.signal.aborted) return;
    if (message.event === 'connection') connection = message.data;
    channel.postMessage(message);
    onMessage(message);
  };
  const lead = async (): Promise<void> => {
    leads = true;
    // The customers that have no stream are polled, as if the server had refused it.
    publish({ event: 'connection', data: 'refused' });
    await withAnyLock(STREAM_LOCKS, stop.signal, () => keepReading(customerId, stop.signal, publish));
  };
  // Rejected with the reason of the signal if the tab stops following while it waits.
  withTabLock(name, stop.signal, lead).catch((error: unknown) => {
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
  const onConnection = (data: LiveConnection): void => publish({ event: 'connection', data });
  while (!signal.aborted) {
    try {
      for await (const event of client.customerEvents(customerId, { signal, onConnection })) publish(event);
    } catch (error) {
      if (signal.aborted) return;
      onConnection('refused');
      if (endsSession(error)) await untilSession(signal);
      else await new Promise((resolve) => setTimeout(resolve, REFUSED_MS));
    }
  }
}
