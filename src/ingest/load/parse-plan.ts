import type { Customer } from '../../catalog/customer.ts';
import type { CsvReader } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { type ColumnFormat, chooseTimeColumn } from '../../model/columns.ts';
import type { FileToLoad } from './file-to-load.ts';

/** How a file is read into a table. */
export interface ParsePlan {
  /** The columns of the file, in its order. */
  readonly formats: readonly ColumnFormat[];
  /** The columns of the table, in its order. */
  readonly columns: readonly ColumnFormat[];
  readonly timeColumn: string | null;
  /** Whether every record was examined, so that there is no better plan. */
  readonly isThorough: boolean;
  readonly warnings: readonly string[];
}

/**
 * Plans how the file is read, by the first records of the segments that are complete. If they do not settle it, by every record.
 *
 * @throws Problem time_column_unknown
 */
export async function planParse(csvReader: CsvReader, file: FileToLoad, signal: AbortSignal): Promise<ParsePlan> {
  const source = file.source(await file.feed.after(0));
  const inferred = await csvReader.inferFormats({ source, table: file.tableColumns, thorough: false }, { signal });
  if (!inferred.settled) return planParseThoroughly(csvReader, file, signal);
  return planOf(file, inferred, false);
}

/** Waits for the end of the file and plans how it is read, by every record. @throws Problem time_column_unknown */
export async function planParseThoroughly(
  csvReader: CsvReader,
  file: FileToLoad,
  signal: AbortSignal,
): Promise<ParsePlan> {
  const source = file.source(await file.feed.all());
  const inferred = await csvReader.inferFormats({ source, table: file.tableColumns, thorough: true }, { signal });
  return planOf(file, inferred, true);
}

/** @returns whether two plans read every column in the same way */
export function isSamePlan(a: ParsePlan, b: ParsePlan): boolean {
  return a.formats.every(({ type, format }, index) => {
    const other = b.formats[index];
    return other?.type === type && other.format === format;
  });
}

function planOf(
  { customer, tableColumns }: FileToLoad,
  { formats, ambiguous }: { readonly formats: readonly ColumnFormat[]; readonly ambiguous: readonly string[] },
  isThorough: boolean,
): ParsePlan {
  const columns = tableColumns ?? formats;
  return {
    formats,
    columns,
    timeColumn: timeColumnOf(customer, columns),
    isThorough,
    warnings: ambiguous.map(
      (name) =>
        `Every date of column '${name}' can be read day first or month first; it was read month first. Write dates as YYYY-MM-DD to be sure.`,
    ),
  };
}

function timeColumnOf({ table, declaredTimeColumn }: Customer, columns: readonly ColumnFormat[]): string | null {
  if (table) return table.timeColumn;
  if (declaredTimeColumn === null) return chooseTimeColumn(columns);
  const column = columns.find(({ name }) => name.toLowerCase() === declaredTimeColumn.toLowerCase());
  if (column?.type === 'timestamp' || column?.type === 'date') return column.name;
  throw new Problem(
    'time_column_unknown',
    column
      ? `Column '${column.name}' was declared as the time column, but its values are read as ${column.type}.`
      : `Column '${declaredTimeColumn}' was declared as the time column, but the file has no such column.`,
  );
}
