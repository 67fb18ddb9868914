import type { Problem } from '../../src/api/problems.ts';
import { setSessionEnded } from './session-end.ts';

/** A request that failed: with a problem document of the server, or without an answer. */
export class RequestFailed extends Error {
  readonly problem: Pick<Problem, 'title' | 'detail' | 'hint'> & Partial<Problem>;

  constructor(problem: RequestFailed['problem'], cause?: unknown) {
    super(problem.detail, { cause });
    this.problem = problem;
  }

  get status(): number | undefined {
    return this.problem.status;
  }
}

export interface RequestOptions {
  readonly json?: unknown;
  readonly signal?: AbortSignal;
}

/**
 * Calls the API, with the session's cookie.
 *
 * @param path after `/api/v1`
 * @throws RequestFailed
 */
export async function request<Answer>(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
  const response = await send(method, path, options);
  const text = await response.text();
  if (response.ok) return (text === '' ? null : JSON.parse(text)) as Answer;
  if (response.status === 401 && path !== '/session') setSessionEnded(true);
  throw new RequestFailed(problemOf(response, text));
}

async function send(method: string, path: string, { json, signal }: RequestOptions): Promise<Response> {
  try {
    return await fetch(`/api/v1${path}`, {
      method,
      ...(json !== undefined && { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestFailed(UNREACHABLE, error);
  }
}

const UNREACHABLE = {
  title: 'Server unreachable',
  detail: 'The server does not answer.',
  hint: 'Check the network connection. The page continues when the server can be reached again.',
};

function problemOf(response: Response, text: string): RequestFailed['problem'] {
  if (response.headers.get('content-type')?.startsWith('application/problem+json')) return JSON.parse(text);
  return {
    title: 'Unexpected answer',
    detail: `The server answered with the status ${response.status}.`,
    hint: 'If the problem persists, ask the administrator of the server.',
    status: response.status,
  };
}
