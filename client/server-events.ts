import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { isTransient, retryDelayMs, sleep } from './back-off.ts';
import type { Connection } from './connection.ts';
import { ServerUnreachable, ThenaProblem, UnexpectedResponse } from './thena-problem.ts';

/** The server sends at least a comment every 15 seconds. */
const SILENCE_MS = 45_000;

export interface EventOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long to try to connect again before giving up. Default: without end. */
  readonly giveUpAfterMs?: number;
  /** Called when the stream is open, and when it was lost and will be opened again. */
  readonly onConnection?: ((state: 'open' | 'lost', error?: Error) => void) | undefined;
}

/**
 * Server-sent events (HTML Standard, section 9.2), by `fetch`, since `EventSource` cannot send a key. Connects again when the
 * connection is lost, until the caller stops reading.
 *
 * @throws ThenaProblem if the server refuses the request for good; the last error if it stays away; the reason of the signal
 */
export async function* serverEvents(
  connection: Connection,
  path: string,
  { signal, onConnection, giveUpAfterMs = Number.POSITIVE_INFINITY }: EventOptions,
): AsyncGenerator<EventSourceMessage, void> {
  let heardAt = Date.now();
  for (let failures = 0; ; ) {
    let lost: Error = new ServerUnreachable('The server closed the event stream.');
    try {
      for await (const message of readOnce(connection, path, signal, () => onConnection?.('open'))) {
        failures = 0;
        heardAt = Date.now();
        yield message;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!isTransient(error)) throw error;
      lost = error as Error;
    }
    failures += 1;
    onConnection?.('lost', lost);
    const retryInMs = retryDelayMs(failures, lost);
    if (Date.now() + retryInMs > heardAt + giveUpAfterMs) throw lost;
    await sleep(retryInMs, signal);
  }
}

async function* readOnce(
  connection: Connection,
  path: string,
  signal: AbortSignal | undefined,
  onOpen: () => void,
): AsyncGenerator<EventSourceMessage, void> {
  const stop = new AbortController();
  const abort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    signal?.throwIfAborted();
    const { body } = await connection.send(path, { headers: { accept: 'text/event-stream' }, signal: stop.signal });
    if (body === null) return;
    onOpen();
    const messages: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (message) => messages.push(message) });
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      silence = setTimeout(() => stop.abort(), SILENCE_MS);
      const { value, done } = await reader.read();
      clearTimeout(silence);
      if (done) return;
      parser.feed(value);
      yield* messages.splice(0);
    }
  } catch (error) {
    // Reading a lost connection fails with an error of the platform.
    if (error instanceof ThenaProblem || error instanceof UnexpectedResponse || signal?.aborted) throw error;
    throw new ServerUnreachable('The event stream was lost.', { cause: error });
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', abort);
    stop.abort();
  }
}
