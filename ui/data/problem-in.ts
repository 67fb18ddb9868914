import { ServerUnreachable, ThenaProblem, UnexpectedResponse } from '../../client/thena-problem.ts';
import type { Problem } from '../../src/api/problems.ts';

export type PageProblem = Pick<Problem, 'title' | 'detail' | 'hint'> & Partial<Problem>;

const LATER = 'Wait a moment, then try again.';

/** What to do in the page, where the hint of the API names parts of requests. */
const HINTS: Readonly<Partial<Record<Problem['code'], string>>> = {
  catalog_unavailable: LATER,
  tables_unavailable: 'Wait a moment, then try again. Files can be uploaded meanwhile, and are loaded later.',
  too_many_analyses: LATER,
  server_busy: LATER,
  too_many_uploads: LATER,
  queue_full: LATER,
  cancel_pending:
    'No action is needed: the upload is cancelled as soon as the server that has it, or another one in its place, can do so.',
  upload_not_found: 'It was cancelled, or deleted with its customer. The list of uploads shows those that exist.',
};

/** What an error says to the user. */
export function problemIn(error: unknown): PageProblem {
  if (error instanceof ThenaProblem) return { ...error.problem, hint: HINTS[error.code] ?? error.hint };
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
