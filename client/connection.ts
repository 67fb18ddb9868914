import type { Problem } from '../src/api/problems.ts';
import { ServerUnreachable, ThenaProblem, UnexpectedResponse } from './thena-problem.ts';

export interface ClientSettings {
  /** Address of the server, such as `http://127.0.0.1:8000`. Default: the origin of the page. */
  readonly url?: string;
  /** The API key. Without one, a browser sends the cookie of its session. */
  readonly key?: string | null;
}

type QueryValue = string | number | boolean | readonly string[] | null | undefined;

export interface ClientRequest {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Members that are null or undefined are left out; arrays are repeated. */
  readonly query?: Readonly<Record<string, QueryValue>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: Blob | ReadableStream<Uint8Array>;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests to one server. */
export interface Connection {
  /** @throws ThenaProblem, ServerUnreachable, UnexpectedResponse, or the reason of the signal */
  send(path: string, request?: ClientRequest): Promise<Response>;
  /** Like `send`. @returns the parsed body */
  json<Body>(path: string, request?: ClientRequest): Promise<Body>;
}

export function connect({ url = '', key = null }: ClientSettings): Connection {
  const base = url.replace(/\/+$/, '');

  async function send(path: string, request: ClientRequest = {}): Promise<Response> {
    const { method = 'GET', query = {}, json, signal } = request;
    const headers = new Headers(request.headers);
    if (key !== null) headers.set('authorization', `Bearer ${key}`);
    if (json !== undefined) headers.set('content-type', 'application/json');
    const body = json === undefined ? request.body : JSON.stringify(json);
    const init = {
      method,
      headers,
      ...(body !== undefined && { body }),
      // The Fetch Standard requires it for streams.
      ...(body instanceof ReadableStream && { duplex: 'half' }),
      ...(signal && { signal }),
    };
    let response: Response;
    try {
      response = await fetch(`${base}${path}${queryText(query)}`, init as RequestInit);
    } catch (error) {
      signal?.throwIfAborted();
      throw new ServerUnreachable(`Cannot reach ${base || 'the server'}: ${reasonOf(error)}.`, { cause: error });
    }
    if (response.ok || response.status === 304) return response;
    throw await failureOf(response, base);
  }

  return {
    send,
    async json<Body>(path: string, request?: ClientRequest): Promise<Body> {
      const response = await send(path, request);
      if (!isJson(response)) throw notThena(response, base);
      try {
        return (await response.json()) as Body;
      } catch (error) {
        request?.signal?.throwIfAborted();
        throw new ServerUnreachable(`The response was cut off: ${reasonOf(error)}.`, { cause: error });
      }
    },
  };
}

function queryText(query: Readonly<Record<string, QueryValue>>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined ? [] : [value].flat().map((each) => [name, String(each)]),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}

async function failureOf(response: Response, base: string): Promise<Error> {
  // The response to HEAD has no body, whatever its content type says.
  const body: unknown = isJson(response) ? await response.json().catch(() => null) : null;
  if (!isProblemDocument(body)) return notThena(response, base);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ThenaProblem(body, Number.isFinite(seconds) ? seconds * 1000 : null);
}

function isProblemDocument(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'code' in body && 'detail' in body && 'status' in body;
}

function isJson({ headers }: Response): boolean {
  return /[/+]json\b/.test(headers.get('content-type') ?? '');
}

function notThena({ status }: Response, base: string): UnexpectedResponse {
  const message = `${base || 'The server'} sent a response that is not from Thena (status ${status}).`;
  return new UnexpectedResponse(message, status);
}

/** Node hides the reason, such as a refused connection, in the cause of the error. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const { errors } = (cause ?? {}) as { errors?: readonly Error[] };
  const reason = errors?.[0]?.message ?? (cause instanceof Error ? cause.message : message);
  return reason.replace(/\.$/, '');
}
