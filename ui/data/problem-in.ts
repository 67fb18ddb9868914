import { ServerUnreachable, ThenaProblem, UnexpectedResponse } from '../../client/thena-problem.ts';
import type { Problem } from '../../src/api/problems.ts';

export type PageProblem = Pick<Problem, 'title' | 'detail' | 'hint'> & Partial<Problem>;

/** What an error says to the user. */
export function problemIn(error: unknown): PageProblem {
  if (error instanceof ThenaProblem) return error.problem;
  if (error instanceof ServerUnreachable) {
    return {
      title: 'Server unreachable',
      detail: 'The server does not answer.',
      hint: 'Check the network connection. The page continues when the server can be reached again.',
    };
  }
  if (error instanceof UnexpectedResponse) {
    return {
      title: 'Unexpected answer',
      detail: error.message,
      hint: 'If the problem persists, contact the administrator of the server.',
    };
  }
  return {
    title: 'Error in the page',
    detail: error instanceof Error ? error.message : String(error),
    hint: 'Reload the page. Uploads that the server has are not affected.',
  };
}
