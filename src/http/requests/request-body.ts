import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Problem } from '../../errors.ts';

/** How long the rest of a refused request is read, so that the client receives the response. */
const LINGER_MS = 10_000;

/** Reads and discards the rest of a request: until it ends, the client disconnects, or {@link LINGER_MS} have passed. */
export async function readAndDiscard(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LINGER_MS);
  request.once('end', resolve).once('close', resolve);
  request.unpipe();
  request.resume();
  await promise;
  clearTimeout(timer);
}

/**
 * The body of a request as a stream of its own, which can be destroyed without closing the connection, so that a response
 * can still be sent. From then on the reader decides how long the client may send nothing: it may itself wait for a slot.
 */
export function bodyOf(request: IncomingMessage): Readable {
  disableIdleTimeout(request);
  const body = new PassThrough();
  // The reader gets the error. While the upload waits for a slot there is no reader, and an unhandled error ends the process.
  body.on('error', () => undefined);
  request.once('close', () => {
    if (!request.complete) body.destroy(interruption());
  });
  return request.pipe(body);
}

/** Whether the client disconnected before it had sent the whole request. */
export function wasInterrupted(request: IncomingMessage): boolean {
  return request.destroyed && !request.complete;
}

export function interruption(cause?: unknown): Problem {
  return new Problem('upload_interrupted', 'The connection closed before the file was complete.', {}, { cause });
}

/** For requests during which the connection is rightly idle: the client waits for a response, or a reader limits the rate. */
export function disableIdleTimeout(request: IncomingMessage): void {
  request.socket.setTimeout(0);
}
