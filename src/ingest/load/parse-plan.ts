import type { Customer } from '../../catalog/catalog.ts';
import type { ReceivedFile } from '../../catalog/upload.ts';
import type { CsvSegment } from '../../csv/segment.ts';
import type { InferredFormats } from '../../csv-reader/csv-reader.ts';
import { Problem } from '../../errors.ts';
import { type ColumnFormat, chooseTimeColumn } from '../../model/columns.ts';

/** How a file is read into a table. */
export interface ParsePlan {
  readonly formats: readonly ColumnFormat[];
  /** The columns of the table, in its order. */
  readonly columns: readonly ColumnFormat[];
  readonly timeColumn: string | null;
  /** Whether every record was looked at: there is no better plan then. */
  readonly thorough: boolean;
  readonly warnings: readonly string[];
}

interface PlanDeps {
  readonly customer: Customer;
  /** The table's columns where it exists or was declared; null: this file decides them. */
  readonly known: readonly ColumnFormat[] | null;
  ask(segments: readonly CsvSegment[], everyRecord: boolean): Promise<InferredFormats>;
  /** Waits for the end of the file. */
  allSegments(): Promise<readonly CsvSegment[]>;
}

/**
 * Finds how a file is read: from the first records of these segments where that settles it, else from every record.
 *
 * @throws Problem time_column_unknown
 */
export async function planParse(
  { customer, known, ask, allSegments }: PlanDeps,
  segments: readonly CsvSegment[],
  thorough: boolean,
): Promise<ParsePlan> {
  const quick = await ask(segments, thorough);
  const found = quick.settled ? quick : await ask(await allSegments(), true);
  const columns = known ?? found.formats;
  return {
    formats: found.formats,
    columns,
    timeColumn: timeColumnOf(customer, columns),
    thorough: thorough || !quick.settled,
    warnings: found.ambiguous.map(
      (name) =>
        `Every date of column '${name}' can be read day first or month first; it was read month first. Write dates as YYYY-MM-DD to be sure.`,
    ),
  };
}

/** A file of texts alone may have no header: then its first row is lost to the names, unless the sender is told. */
export function headerWarnings(
  { columns, headerGuessed }: ReceivedFile,
  known: readonly ColumnFormat[] | null,
): readonly string[] {
  // Names that the table has already are no row.
  if (!headerGuessed || known !== null) return [];
  const names = columns.map((name) => `'${name}'`).join(', ');
  return [
    `The first line (${names}) was taken as the header, although every column is text. If it is a row, undo this upload and send the file with header=false.`,
  ];
}

/** Whether two plans read every column in the same way. */
export function samePlan(a: ParsePlan, b: ParsePlan): boolean {
  return a.formats.every(({ type, format }, index) => {
    const other = b.formats[index];
    return other?.type === type && other.format === format;
  });
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
