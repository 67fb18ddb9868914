import { Problem } from '../errors.ts';

/** The problem to report if the table store did not complete a query, a page or an export. */
export function incompleteRead(kind: 'timed_out' | 'cancelled' | 'out_of_memory', analysisMs: number): Problem {
  switch (kind) {
    case 'timed_out':
      return new Problem('analysis_timeout', `The analysis exceeded the ${analysisMs / 1000} s limit.`);
    case 'cancelled':
      return cancelledRead();
    case 'out_of_memory':
      return new Problem('analysis_too_large', 'The analysis exceeded the memory limit of the engine.');
  }
}

export function cancelledRead(): Problem {
  return new Problem('analysis_cancelled', 'The analysis was cancelled before it was complete.');
}
