import { noEvidence } from '../../csv/values/column-evidence.ts';
import { decidePair } from '../../csv/values/combine-columns.ts';
import type { FormatDecision } from '../../csv/values/decide-formats.ts';
import { declaredColumn, type ValueOptions } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import { chooseTimeColumn, isTimeColumn } from '../../model/columns.ts';
import { combinedName, findByName, findPair } from '../../model/combined-columns.ts';
import type { ParsedColumn, TableColumn } from '../../model/parsed-columns.ts';
import { NOTHING_SETTLED } from '../../model/value-format.ts';
import type { PlanEvidence } from './file-evidence.ts';
import type { FileToLoad } from './file-to-load.ts';

/** The time column of a table with a file. */
export interface TimeColumn {
  readonly name: string | null;
  /** If it is made of two columns of the file. */
  readonly combined: { readonly parsed: ParsedColumn; readonly column: TableColumn; readonly note: string } | null;
}

/** What is known of a file. */
interface DecidedFile {
  readonly file: FileToLoad;
  readonly evidence: PlanEvidence;
  readonly options: ValueOptions;
  readonly decision: FormatDecision;
}

/**
 * Finds the time column: the one of the table, or the declared one, or for a new table the best.
 *
 * @param columns of the table, or that the file gives it
 * @throws Problem time_column_unknown, time_column_conflict
 */
export function timeColumnOf(decided: DecidedFile, columns: readonly TableColumn[]): TimeColumn {
  const { file } = decided;
  if (file.table) {
    refuseOtherTimeColumn(file);
    const { columns: known, timeColumn } = file.table;
    if (timeColumn === null) return { name: newTimeColumn(decided, columns), combined: null };
    const column = known.find(({ name }) => name === timeColumn);
    const pair = column?.derivedFrom;
    return { name: timeColumn, combined: pair && column ? combine(decided, pair, column) : null };
  }
  const { declaredTimeColumn: declared } = file;
  if (declared === null) return { name: chooseTimeColumn(columns), combined: null };
  const column = findByName(columns, declared);
  if (column === null) {
    const pair = findPair(columns, declared);
    if (pair === null)
      throw invalid(`Column '${declared}' was declared as the time column, but the file has no such column.`);
    return { name: combinedName(pair), combined: combine(decided, pair, null) };
  }
  return { name: declaredTimeColumn(decided, column), combined: null };
}

/** A table without a time column takes one that had no values so far: the times of earlier rows are all known, as null. */
function newTimeColumn(decided: DecidedFile, columns: readonly TableColumn[]): string | null {
  const { table, declaredTimeColumn: declared } = decided.file;
  const empty = columns.filter(({ name }) =>
    table?.columns.some((each) => each.name === name && each.type === 'unknown'),
  );
  if (declared === null) return chooseTimeColumn(empty);
  const column = findByName(empty, declared);
  return column && declaredTimeColumn(decided, column);
}

/** @returns null as long as the column has no values */
function declaredTimeColumn({ decision }: DecidedFile, column: TableColumn): string | null {
  if (column.type === 'unknown') return null;
  if (isTimeColumn([column], column.name)) return column.name;
  const nearly = decision.columns.find(({ name }) => name === column.name)?.nearly;
  throw invalid(
    `Column '${column.name}' was declared as the time column, but its values are read as ${column.type}.${nearly ? ` ${nearly.message}` : ''}`,
  );
}

/** @param known the table's column; null: this file creates it */
function combine(
  { evidence, options, decision }: DecidedFile,
  pair: readonly [string, string],
  known: TableColumn | null,
): TimeColumn['combined'] {
  const [day, clock] = pair;
  const name = combinedName(pair);
  if (name.length > 255) throw invalid(`The time column '${name}' would have a name of more than 255 characters.`);
  const evidenceOf = (part: string) =>
    evidence.columns.find((column) => column.name === part)?.evidence ?? noEvidence();
  const decided = decision.columns.find((column) => column.name === day);
  if (decided === undefined) throw new Error(`the file has no column ${JSON.stringify(day)}`);
  const declared = pair.map((part) => declaredColumn(options, part));
  const pattern = declared[1]?.pattern ?? null;
  const zoneOfPart = declared[1]?.timeZone ?? declared[0]?.timeZone ?? null;
  const timeZone = zoneOfPart ?? options.timeZone ?? known?.settled.timeZone ?? null;
  const clocks = { name: clock, evidence: evidenceOf(clock), pattern };
  const format = decidePair({ decision: decided, evidence: evidenceOf(day) }, clocks, timeZone);
  // Values of a later file that do not fit are rejected rows.
  if ('problem' in format && known === null) throw invalid(`The time column cannot be ${name}. ${format.problem}`);
  const { format: dayFormat } = decided;
  const isTime = dayFormat.type === 'date' || dayFormat.type === 'timestamp';
  const [order, dayPattern] = isTime ? [dayFormat.order, dayFormat.pattern] : [null, null];
  const isUtc = timeZone === null || timeZone === 'UTC';
  const zone = isUtc ? 'UTC. The option time_zone reads them as local times' : `local times of ${timeZone}`;
  return {
    parsed: {
      name,
      format: { type: 'timestamp', order, pattern: dayPattern, timeZone: timeZone ?? 'UTC' },
      combines: { day, clock, clockPattern: pattern },
    },
    column: { name, type: 'timestamp', settled: { ...NOTHING_SETTLED, timeZone }, derivedFrom: pair },
    note: `Column '${name}' has the days of '${day}' with the times of day of '${clock}'; those without an offset are read as ${zone}.`,
  };
}

function refuseOtherTimeColumn({ table, givenTimeColumn: given }: FileToLoad): void {
  if (table === null || given === null) return;
  const pair = findPair(table.columns, given);
  const name = findByName(table.columns, given)?.name ?? (pair === null ? null : combinedName(pair));
  if (name === table.timeColumn && name !== null) return;
  if (table.timeColumn === null && findByName(table.columns, given)?.type === 'unknown') return;
  const known = table.timeColumn === null ? 'no time column' : `the time column '${table.timeColumn}'`;
  throw new Problem(
    'time_column_conflict',
    `The upload declares the time column '${given}', but the table has ${known}.`,
    {
      time_column: table.timeColumn,
    },
  );
}

function invalid(detail: string): Problem {
  return new Problem('time_column_unknown', detail);
}
