import { Problem } from '../errors.ts';
import { isHeader } from './detect-header.ts';
import type { CsvRecord } from './record-reader.ts';

/** Maximum number of records above a table. */
const MAX_ABOVE = 20;
const MIN_AGREEMENT = 0.9;
const SHOWN_CHARACTERS = 40;

/** A table that begins below the first record of a file. */
export interface TableBelow {
  readonly delimiter: string;
  /** The records above the table. */
  readonly above: readonly CsvRecord[];
  readonly header: CsvRecord;
  /** Number of fields of nearly all records from the header on. */
  readonly fields: number;
  /** Share of the records from the header on that have as many fields as it. */
  readonly agreement: number;
}

/**
 * Finds a table below a title: a header and rows that nearly all have the same number of fields, more than every record above.
 * The title has one field, or several records, or a blank line below it: otherwise it may be a header that is too short.
 */
export function findTableBelow(records: readonly CsvRecord[], delimiter: string): TableBelow | null {
  const counts = records.map((record) => record.fields.length);
  const fields = mostFrequent(counts.slice(1));
  const start = counts.indexOf(fields);
  if (fields < 2 || start < 1 || start > MAX_ABOVE) return null;
  const above = records.slice(0, start);
  const below = records.slice(start);
  const [header] = below;
  if (!header || below.length < 2 || above.some((record) => record.fields.length > fields)) return null;
  const agreement = below.filter((record) => record.fields.length === fields).length / below.length;
  const last = above.at(-1) as CsvRecord;
  const isTitle = last.fields.length === 1 || start > 1 || header.line - last.line > 1;
  if (agreement < MIN_AGREEMENT || !isTitle || !isHeader(below)) return null;
  return { delimiter, above, header, fields, agreement };
}

/**
 * The problem of a file with a title.
 *
 * @param linesBefore number of lines above the records
 */
export function titleAboveHeader({ above, header }: TableBelow, linesBefore: number): Problem {
  const skipLines = linesBefore + header.line - 1;
  const [first] = above;
  const line = linesBefore + (first?.line ?? 1);
  const title = shown(first?.fields ?? []);
  const names = shown(header.fields);
  return new Problem(
    'title_above_header',
    `The table seems to begin on line ${skipLines + 1} (${names}), below line ${line} (${title}), which has fewer fields. Set skip_lines=${skipLines} to read it.`,
    { line: skipLines + 1, skip_lines: skipLines },
  );
}

function shown(fields: CsvRecord['fields']): string {
  const text = fields.map((field) => field ?? '').join(', ');
  return text.length > SHOWN_CHARACTERS ? `'${text.slice(0, SHOWN_CHARACTERS)}…'` : `'${text}'`;
}

function mostFrequent(counts: readonly number[]): number {
  const times = new Map<number, number>();
  for (const count of counts) times.set(count, (times.get(count) ?? 0) + 1);
  return [...times].reduce((best, [count, found]) => (found > (times.get(best) ?? 0) ? count : best), counts[0] ?? 0);
}
