import type { TableForReading } from '../catalog/table-state.ts';
import { Problem } from '../errors.ts';
import type { CustomerId } from '../model/ids.ts';

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

export function tableChanged(): Problem {
  return new Problem('table_changed', 'An upload was undone, or the table deleted, during the read.');
}

/** The catalog has a table that the table store does not have: rows are lost, or a server has no table that the others have. */
export function tableMissing(customerId: CustomerId, { table }: TableForReading): Problem {
  const detail = `The table of customer ${customerId} has ${table.rows} rows, and is missing in the table store, or on one of its servers.`;
  return new Problem('table_missing', detail);
}
