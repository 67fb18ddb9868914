import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Problem } from '../errors.ts';

/** How long the rest of a refused request is read, so that its sender gets to see why. */
const LINGER_MS = 10_000;

/** A connection on which nothing moves for so long is closed; a slow sender that does send is not hurried. */
export const IDLE_MS = 60_000;

/** Reads what is still coming and throws it away: until it ends, its sender goes, or {@link LINGER_MS} have passed. */
export async function readAndForget(request: IncomingMessage): Promise<void> {
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
 * The body of a request as a stream of its own: who reads it may destroy it without cutting the connection, over which
 * the reply has yet to go.
 */
export function bodyOf(request: IncomingMessage): Readable {
  const body = new PassThrough();
  // Who reads it meets the failure; while the file waits for a place nobody does, and it would bring Thena down.
  body.on('error', () => undefined);
  request.once('close', () => {
    if (!request.complete) body.destroy(interruption());
  });
  return request.pipe(body);
}

/** Whether the sender went away before all of the request had come. */
export function wasInterrupted(request: IncomingMessage): boolean {
  return request.destroyed && !request.complete;
}

export function interruption(cause?: unknown): Problem {
  return new Problem('upload_interrupted', 'The connection ended in the middle of the file.', {}, { cause });
}

/** The sender has said all it has to say: silence is no sign that it went away. */
export function expectSilence(request: IncomingMessage): void {
  request.socket.setTimeout(0);
}
