import type { ReactNode } from 'react';
import { mayPass } from '../data/failure.ts';
import { problemIn } from '../data/problem-in.ts';
import { ProblemBox } from '../design/problem-box.tsx';

/** Why something cannot be read. The page tries again on its own where that may help. */
export function ReadProblem({ error, actions }: { readonly error: Error; readonly actions?: ReactNode }) {
  const problem = problemIn(error);
  // An operator has to do something about a table that is missing.
  const hint = mayPass(error) && problem.code !== 'table_missing' ? 'The page tries again every few seconds.' : null;
  return <ProblemBox problem={{ ...problem, hint: hint ?? problem.hint }} actions={actions} />;
}
