import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import styles from './problem-box.module.css';

export interface ShownProblem {
  readonly title: string;
  readonly detail: string;
  readonly hint: string;
  readonly code?: string;
  readonly request_id?: string | undefined;
}

/** What went wrong, and what to do. Screen readers announce it when it appears. */
export function ProblemBox({ problem, actions }: { readonly problem: ShownProblem; readonly actions?: ReactNode }) {
  return (
    <div className={styles.box} role="alert">
      <CircleAlert aria-hidden />
      <div className={styles.body}>
        <p className={styles.title}>{problem.title}</p>
        <p>{problem.detail}</p>
        {problem.hint && <p>{problem.hint}</p>}
        {(problem.code || problem.request_id) && (
          <p className={styles.meta}>
            {problem.code && <code>{problem.code}</code>}
            {problem.request_id && <> · Request {problem.request_id}</>}
          </p>
        )}
        {actions && <div className={styles.actions}>{actions}</div>}
      </div>
    </div>
  );
}
