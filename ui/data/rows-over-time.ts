import { useQuery } from '@tanstack/react-query';
import { isProblem } from '../../client/thena-problem.ts';
import { client } from './client.ts';
import { tableKey } from './customers.ts';
import { failureOf } from './failure.ts';

export interface RowsAt {
  readonly at: number;
  readonly rows: number;
}

/** How many rows of the table are in which part of its time; none if it has no time column, or while they cannot be read. */
export function useRowsOverTime(customerId: string, enabled: boolean): readonly RowsAt[] {
  const read = useQuery({
    queryKey: [...tableKey(customerId), 'over time'],
    enabled,
    queryFn: async ({ signal }): Promise<readonly RowsAt[]> => {
      try {
        const { result } = await client.analyze(customerId, 'rows_over_time', {}, { signal });
        return result.rows
          .map(([at, rows]) => ({ at: Date.parse(String(at)), rows: Number(rows) }))
          .filter(({ at }) => !Number.isNaN(at));
      } catch (error) {
        if (isProblem(error, 'no_time_column')) return [];
        throw error;
      }
    },
  });
  return failureOf(read) === null ? (read.data ?? []) : [];
}
