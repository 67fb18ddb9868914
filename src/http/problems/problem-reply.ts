import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, Problem, problemDocument } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import { readAndForget } from '../requests/unfinished-request.ts';

export const PROBLEM_TYPE = 'application/problem+json';

/** What Fastify and its plugins throw at a client's mistake, as Thena tells it. Other 4xx of theirs are bad_request. */
const CODES_OF_OTHERS: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_MP_PREMATURE_CLOSE: 'upload_interrupted',
};

/** Refusals that Thena is meant to give under load: nothing failed. */
const AT_WORK: ReadonlySet<ErrorCode> = new Set([
  'server_busy',
  'queue_full',
  'too_many_analyses',
  'too_many_exports',
  'analysis_timeout',
]);

/** Turns whatever was thrown into a problem; what is no client's mistake becomes internal_error and is observed. */
function problemOf(error: unknown, request: FastifyRequest, observe: Observe): Problem {
  if (error instanceof Problem && error.status < 500) return error;
  const { code = '', statusCode = 500, validation, validationContext, message } = error as Partial<FastifyError>;
  if (validation) return refusedBySchema(validation, validationContext ?? 'request', error);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const type = request.headers['content-type'] ?? '';
    const detail = type ? `This call does not take a body of ${type.slice(0, 80)}.` : 'The body has no Content-Type.';
    return new Problem('unsupported_media_type', detail, {}, { cause: error });
  }
  if (!(error instanceof Problem) && statusCode >= 400 && statusCode < 500) {
    return new Problem(CODES_OF_OTHERS[code] ?? 'bad_request', sentence(message ?? ''), {}, { cause: error });
  }
  if (error instanceof Problem && AT_WORK.has(error.code)) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  observe({ kind: 'request_failed', requestId: request.id, error: cause });
  if (error instanceof Problem) return error;
  if (error instanceof StorageFailure && error.storeStopped) {
    return new Problem('engine_unavailable', 'The engine stopped while it worked on the request, and starts again.');
  }
  return new Problem('internal_error', 'The request was understood, but an error in Thena stopped it.', {
    request_id: request.id,
  });
}

/** Tells what a schema refused, each with a JSON pointer (RFC 6901) to where it is. */
function refusedBySchema(failures: NonNullable<FastifyError['validation']>, part: string, cause: unknown): Problem {
  const errors = failures
    // Unknown members come a second time, each as a value that nothing may have.
    .filter(({ keyword }) => keyword !== 'boolean')
    .map(({ instancePath, message, keyword, params }) => {
      const { additionalProperties, requiredProperties, allowedValues } = params as Record<string, unknown>;
      const members = [additionalProperties ?? requiredProperties ?? allowedValues ?? []].flat();
      const told = members.length === 0 ? '' : `: ${members.join(', ')}`;
      return { in: part, pointer: instancePath, detail: `${message ?? keyword}${told}` };
    });
  const [first] = errors;
  const detail = first ? `${part}${first.pointer} ${first.detail}.` : `The ${part} cannot be read.`;
  return new Problem('bad_request', detail, { errors }, { cause });
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** Headers that a status asks for. */
function headersOf(problem: Problem): Readonly<Record<string, string>> {
  const { allow } = problem.extra;
  switch (problem.status) {
    case 401: // RFC 6750, section 3
      return {
        'www-authenticate': `Bearer realm="thena"${problem.code === 'key_invalid' ? ', error="invalid_token"' : ''}`,
      };
    case 405: // RFC 9110, section 15.5.6
      return Array.isArray(allow) ? { allow: allow.join(', ') } : {};
    case 429: // RFC 6585, section 4
    case 503:
    case 507:
      return { 'retry-after': '5' };
    default:
      return {};
  }
}

/** Makes the handler that answers every failure with an RFC 9457 problem document. */
export function problemReplies(observe: Observe) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error, request, observe);
    const body = JSON.stringify(problemDocument(problem));
    reply.code(problem.status).headers(headersOf(problem)).type(PROBLEM_TYPE);
    if (request.raw.complete || request.method === 'HEAD') {
      reply.send(body);
      return;
    }
    // A connection that is closed on unread bytes is reset, and the reset takes the reply with it (RFC 9112, section 9.6).
    reply.header('connection', 'close').header('content-length', Buffer.byteLength(body));
    reply.send(Readable.from(bodyThenSilence(body, request)));
  };
}

async function* bodyThenSilence(body: string, request: FastifyRequest): AsyncGenerator<string> {
  yield body;
  await readAndForget(request.raw);
}

/** Answers what is not HTTP, and what was so slow or large that Node stopped reading it. */
export function answerNotHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const problem = new Problem('bad_request', 'What came over the connection is not an HTTP request that can be read.');
  const body = JSON.stringify({ ...problemDocument(problem), status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
