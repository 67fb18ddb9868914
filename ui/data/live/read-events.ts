import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { LiveMessage } from './live-message.ts';

/** The server sends a comment at least this often; silence means that the connection is dead. */
const SILENCE_MS = 45_000;

/**
 * Reads the event stream of a customer until it ends.
 *
 * @throws whatever ends it: the network, the server, or the signal
 */
export async function readEvents(
  customerId: string,
  signal: AbortSignal,
  onMessage: (message: LiveMessage) => void,
): Promise<void> {
  const silence = new AbortController();
  const response = await fetch(`/api/v1/customers/${encodeURIComponent(customerId)}/events`, {
    headers: { accept: 'text/event-stream' },
    signal: AbortSignal.any([signal, silence.signal]),
  });
  if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
  onMessage({ kind: 'connected', connected: true });
  const events = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(
    // Comments keep the connection alive; without a listener, they are dropped before they are seen here.
    new EventSourceParserStream({ onComment: () => restartTimer() }),
  );
  let timer = 0;
  const restartTimer = (): void => {
    clearTimeout(timer);
    timer = window.setTimeout(() => silence.abort(), SILENCE_MS);
  };
  restartTimer();
  // Not `for await`, which Safari lacks for streams.
  const reader = events.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      const { event, data } = next.value;
      restartTimer();
      if (event === 'upload') onMessage({ kind: 'upload', upload: JSON.parse(data) });
      if (event === 'table') onMessage({ kind: 'table', ...JSON.parse(data) });
    }
  } finally {
    clearTimeout(timer);
  }
}
