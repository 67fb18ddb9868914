import { maxHeaderSize, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorCode, Problem } from '../../errors.ts';
import type { Observe } from '../../events.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import { readAndDiscard } from '../requests/request-body.ts';
import { problemJson } from './problem-json.ts';

const PROBLEM_TYPE = 'application/problem+json';

/** Error codes of Fastify and its plugins that have a code of their own here. Their other 4xx errors are bad_request. */
const CODES_OF_FASTIFY: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_MP_PREMATURE_CLOSE: 'upload_interrupted',
};

/** Problems with a status of 500 or more that report the state of the server. They are not observed as failures. */
const STATES_OF_SERVER: ReadonlySet<ErrorCode> = new Set([
  'shutting_down',
  'disk_full',
  'server_busy',
  'queue_full',
  'too_many_analyses',
  'too_many_exports',
  'too_many_streams',
  'analysis_timeout',
]);

/** Makes the error handler, which answers every error with a problem document (RFC 9457). */
export function problemReplies(observe: Observe) {
  return (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const problem = problemOf(error, request, observe);
    const body = JSON.stringify(problemJson(problem));
    reply.code(problem.status).headers(headersOf(problem, request)).type(PROBLEM_TYPE);
    if (request.raw.complete || request.method === 'HEAD') {
      reply.send(body);
      return;
    }
    // Closing a connection with unread bytes resets it, and the client may lose the response (RFC 9112, section 9.6).
    reply.header('connection', 'close').header('content-length', Buffer.byteLength(body));
    reply.send(Readable.from(bodyThenDiscard(body, request)));
  };
}

/** Makes a problem of anything that was thrown. Server errors are observed, and their cause is not sent to the client. */
function problemOf(error: unknown, request: FastifyRequest, observe: Observe): Problem {
  if (error instanceof Problem && error.status < 500) return error;
  const { code = '', statusCode = 500, validation, validationContext, message } = error as Partial<FastifyError>;
  if (validation) return invalidInput(validation, validationContext ?? 'request', error);
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const type = request.headers['content-type'] ?? '';
    const detail = type ? `This endpoint does not accept ${type.slice(0, 80)}.` : 'The body has no Content-Type.';
    return new Problem('unsupported_media_type', detail, {}, { cause: error });
  }
  if (!(error instanceof Problem) && statusCode >= 400 && statusCode < 500) {
    return new Problem(CODES_OF_FASTIFY[code] ?? 'bad_request', sentence(message ?? ''), {}, { cause: error });
  }
  if (error instanceof Problem && STATES_OF_SERVER.has(error.code)) return error;
  const cause = error instanceof Error ? error : new Error(String(error));
  observe({ kind: 'request_failed', requestId: request.id, error: cause });
  if (error instanceof Problem) return error;
  if (error instanceof StorageFailure && error.missing !== null) return tablesUnavailable(error.missing);
  if (error instanceof StorageFailure && error.storeStopped) {
    return new Problem('engine_unavailable', 'The engine stopped during the request and is being restarted.');
  }
  return new Problem('internal_error', 'An internal error occurred.', { request_id: request.id });
}

function tablesUnavailable(missing: readonly string[]): Problem {
  const detail =
    missing.length === 0
      ? 'A server of the tables failed during the request, and responds again.'
      : `No response from ${missing.join(' and ')}. The rows there are missing, and no answer is given without them.`;
  return new Problem('tables_unavailable', detail, { missing });
}

/** Lists every part of a request that does not match its schema, with a JSON Pointer (RFC 6901) to it. */
function invalidInput(failures: NonNullable<FastifyError['validation']>, part: string, cause: unknown): Problem {
  const errors = failures
    // Each unknown member is reported a second time, as a value that matches no schema.
    .filter(({ keyword }) => keyword !== 'boolean')
    .map(({ instancePath, message, keyword, params }) => {
      const { additionalProperties, requiredProperties, allowedValues } = params as Record<string, unknown>;
      const names = [additionalProperties ?? requiredProperties ?? allowedValues ?? []].flat();
      const listed = names.length === 0 ? '' : `: ${names.join(', ')}`;
      return { in: part, pointer: instancePath, detail: `${message ?? keyword}${listed}` };
    });
  const [first] = errors;
  const detail = first ? `${part}${first.pointer} ${first.detail}.` : `The ${part} is invalid.`;
  return new Problem('bad_request', detail, { errors }, { cause });
}

function sentence(message: string): string {
  return /[.!?]$/.test(message) ? message : `${message}.`;
}

/** Headers that the status requires. */
function headersOf(problem: Problem, request: FastifyRequest): Readonly<Record<string, string | string[]>> {
  const { allow } = problem.extra;
  switch (problem.status) {
    case 401:
      return { 'www-authenticate': challenges(problem, request) };
    case 405: // RFC 9110, section 15.5.6
      return Array.isArray(allow) ? { allow: allow.join(', ') } : {};
    case 416: // RFC 9110, section 15.5.17
      return { 'content-range': `bytes */${problem.extra.length}` };
    case 429: // RFC 6585, section 4
    case 503:
    case 507:
      return { 'retry-after': '5' };
    default:
      return {};
  }
}

/** RFC 6750, section 3, and RFC 7617. */
function challenges({ code }: Problem, { headers, routeOptions }: FastifyRequest): string[] {
  const bearer = `Bearer realm="thena"${code === 'key_invalid' ? ', error="invalid_token"' : ''}`;
  // A browser asks for a password if offered to send one. For links that were followed that is right, but not for the requests of
  // a page.
  const mode = headers['sec-fetch-mode'];
  const asks = routeOptions.config?.isLink && (mode === undefined || mode === 'navigate');
  return asks ? [bearer, 'Basic realm="thena", charset="UTF-8"'] : [bearer];
}

async function* bodyThenDiscard(body: string, request: FastifyRequest): AsyncGenerator<string> {
  yield body;
  await readAndDiscard(request.raw);
}

/** Answers bytes that are not HTTP, and requests that Node stopped reading because they were too slow or too large. */
export function answerNotHttp(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const status = error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const problem = status === 431 ? headersTooLong() : new Problem('bad_request', 'Invalid HTTP request.');
  const body = JSON.stringify({ ...problemJson(problem), status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** As those of a link that names a thousand columns. */
function headersTooLong(): Problem {
  const detail = `The URL and the headers of the request have more than ${maxHeaderSize.toLocaleString('en')} bytes.`;
  return new Problem('bad_request', detail, {
    hint: 'Name fewer columns in the URL, or send a query in the body of POST /api/v1/analyze/.',
  });
}
