import { declaredColumn, type ValueOptions } from '../../csv/values/value-options.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import type { FileToLoad } from './file-to-load.ts';

/** What decides how a value could be stored after all. */
export interface RemedyContext {
  readonly options: ValueOptions;
  /** Names of integer columns that cannot become number columns. */
  readonly inexactIntegers: ReadonlySet<string>;
}

/** Says how to store the value of a rejected row if it is right as it is; '' if there is no way but to correct it. */
export function rejectionRemedy(
  { column, code }: Pick<RejectedRow, 'column' | 'code'>,
  { table }: Pick<FileToLoad, 'table'>,
  { options, inexactIntegers }: RemedyContext,
): string {
  if (column === null) return '';
  const { type } = declaredColumn(options, column);
  if (type !== null)
    return code === 'has_fraction'
      ? `Column '${column}' is declared as ${type}. To store decimals, declare it as number.`
      : '';
  if (table === null) return '';
  if (table.timeColumn === column) return '';
  const option = column.includes(',') ? 'widen=text' : `widen=text:${column}`;
  const why = inexactIntegers.has(column)
    ? `Column '${column}' stays integer: it has values beyond 2^53 that would change if it became number.`
    : `Column '${column}' is ${table.columns.find(({ name }) => name === column)?.type}, like the files so far.`;
  return `${why} If the value is right, send the file with ${option}: the column becomes text.`;
}
