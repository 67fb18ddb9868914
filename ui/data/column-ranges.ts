import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { recordsOf } from '../../client/analyses.ts';
import type { ColumnType } from '../../src/api/columns.ts';
import type { TableState } from '../../src/api/tables.ts';
import type { JsonValue } from '../../src/api/values.ts';
import { client } from './client.ts';

/** Of more rows, texts are not compared unasked, and distributions are shown by a sample. */
export const MANY_ROWS = 5_000_000;
/** Columns of a query for the range of all columns. */
const MOST_COLUMNS = 16;

export interface ColumnRange {
  readonly nulls: number;
  readonly min: JsonValue;
  readonly max: JsonValue;
}

/** Nulls, least and greatest value of each column, in order; undefined while they are not known. */
export function useColumnRanges(
  customerId: string,
  { columns, rows, version }: TableState,
): readonly ColumnRange[] | undefined {
  const { data, failureReason } = useQuery({
    // With the columns: the table of another customer, which has this ID after a deletion, may have the same version.
    queryKey: ['column ranges', customerId, version, columns],
    enabled: rows > 0,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }): Promise<readonly ColumnRange[]> => {
      const ranges: ColumnRange[] = [];
      for (let first = 0; first < columns.length; first += MOST_COLUMNS) {
        const some = columns.slice(first, first + MOST_COLUMNS);
        const measures = some.flatMap(({ name, type }, index) =>
          measuresOf(type, rows).map((fn) => ({ fn, column: name, as: `${fn}${index}` })),
        );
        const all = { fn: 'count', as: 'all' } as const;
        const { result } = await inTurn(() => client.query(customerId, { measures: [all, ...measures] }, { signal }));
        const [values] = recordsOf(result);
        some.forEach((_, index) => {
          const nulls = Number(values?.all) - Number(values?.[`count${index}`]);
          ranges.push({ nulls, min: values?.[`min${index}`] ?? null, max: values?.[`max${index}`] ?? null });
        });
      }
      return ranges;
    },
  });
  // Those of an earlier version are shown only as long as they are about to be replaced.
  return failureReason ? undefined : data;
}

/** The least and the greatest of many texts take long to be found. */
function measuresOf(type: ColumnType, rows: number): readonly ('count' | 'min' | 'max')[] {
  const hasRange = type !== 'unknown' && !(type === 'text' && rows > MANY_ROWS);
  return hasRange ? ['count', 'min', 'max'] : ['count'];
}

let last: Promise<unknown> = Promise.resolve();

/** Does one after the other what nobody waits for. A customer has two analyses at a time, and one of them has to be left for the rows. */
export function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const result = last.then(work);
  last = result.catch(() => {});
  return result;
}
