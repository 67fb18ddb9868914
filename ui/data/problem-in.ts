import { RequestFailed } from './api.ts';

/** What an error says to the user. */
export function problemIn(error: unknown): RequestFailed['problem'] {
  if (error instanceof RequestFailed) return error.problem;
  return {
    title: 'Error in the page',
    detail: error instanceof Error ? error.message : String(error),
    hint: 'Reload the page. Uploads that the server has are not affected.',
  };
}
