import type { FastifyReply, FastifyRequest } from 'fastify';

/** A signal that aborts if the client disconnects before the response has been sent. */
export function disconnectSignal(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const disconnected = new AbortController();
  // Not after a response: an abort creates an error with a stack trace, which costs as much as a precomputed answer.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) disconnected.abort();
  });
  if (reply.raw.closed || request.raw.socket.destroyed) disconnected.abort();
  return disconnected.signal;
}
