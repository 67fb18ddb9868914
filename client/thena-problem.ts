import type { ErrorCode, Problem } from '../src/api/problems.ts';

/** The server answered with a problem document: `code` says which one, `message` what is wrong, `hint` how to fix it. */
export class ThenaProblem extends Error {
  override readonly name = 'ThenaProblem';
  readonly code: ErrorCode;
  readonly status: number;
  readonly hint: string;
  /** The whole document, with the additional members of its code. */
  readonly problem: Problem;
  /** After how many milliseconds the server asks to retry. */
  readonly retryAfterMs: number | null;

  constructor(problem: Problem, retryAfterMs: number | null = null) {
    super(problem.detail);
    this.code = problem.code;
    this.status = problem.status;
    this.hint = problem.hint;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** No response: the server is not running, the network is down, or the connection was lost. */
export class ServerUnreachable extends Error {
  override readonly name = 'ServerUnreachable';
}

/** A response that is not from Thena: of a proxy, or of another server. */
export class UnexpectedResponse extends Error {
  override readonly name = 'UnexpectedResponse';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Whether an error is a problem with one of these codes. */
export function isProblem<Code extends ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is ThenaProblem & { readonly code: Code } {
  return error instanceof ThenaProblem && (codes as readonly ErrorCode[]).includes(error.code);
}
