import { ServerUnreachable, ThenaProblem, UnexpectedResponse } from '../client/thena-problem.ts';

/** What the process ends with. docs/command-line.md has the same list; a test compares them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  rejected: 3,
  key: 4,
  notFound: 5,
  unreachable: 6,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line or its input is wrong. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Ctrl-C, or a request to stop. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof ServerUnreachable || error instanceof UnexpectedResponse) return EXIT.unreachable;
  if (!(error instanceof ThenaProblem)) return EXIT.failed;
  if (error.code === 'rows_rejected') return EXIT.rejected;
  if (error.status === 401 || error.status === 403) return EXIT.key;
  if (error.status === 404) return EXIT.notFound;
  return error.status === 400 ? EXIT.usage : EXIT.failed;
}
