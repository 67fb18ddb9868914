import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import { Problem } from '../../errors.ts';

/** How long the rest of a refused request is read, so that its sender gets to see why. */
const LINGER_MS = 10_000;

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
 * the reply has yet to go. Silence on the connection is from here on the reader's to judge: it may wait for a place itself.
 */
export function bodyOf(request: IncomingMessage): Readable {
  expectSilence(request);
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

/** Silence on the connection is no sign that the sender went away: it has said all, or somebody else waits for the rest. */
export function expectSilence(request: IncomingMessage): void {
  request.socket.setTimeout(0);
}
