import type { FastifyReply, FastifyRequest } from 'fastify';

/** Aborts when the connection ends before the answer has been sent. */
export function senderGone(request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  // Not after an answer: an abort makes an error with a trace, which costs as much as a standing answer.
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  if (reply.raw.closed || request.raw.socket.destroyed) gone.abort();
  return gone.signal;
}
