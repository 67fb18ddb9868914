import { decideFormats, type FormatDecision, type TypeConflict } from '../../csv/values/decide-formats.ts';
import type { FormatQuestion } from '../../csv/values/format-questions.ts';
import type { FormatWarning } from '../../csv/values/format-warnings.ts';
import { nullsOf, type ValueOptions } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import type { LogicalType } from '../../model/columns.ts';
import type { ParsedFile, TableColumn } from '../../model/parsed-columns.ts';
import { type ColumnType, NOTHING_SETTLED } from '../../model/value-format.ts';
import type { FileEvidence } from './file-evidence.ts';
import type { FileToLoad } from './file-to-load.ts';
import { timeColumnOf } from './time-column.ts';

/** How a file is read into a table. */
export interface ParsePlan {
  readonly file: ParsedFile;
  /** The columns of the table, in its order, with what this file settles. */
  readonly columns: readonly TableColumn[];
  readonly timeColumn: string | null;
  /** Whether columns that are certain by their shapes need not be judged value by value. */
  readonly trustShapes: boolean;
  /** Values that the formats do not accept, as far as the evidence goes. */
  readonly rejected: number;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/** What a plan is made of. */
export type PlanEvidence = Pick<FileEvidence, 'columns' | 'trustsShapes'>;

/** Decides how a file is read by the evidence so far. */
export function decidePlan(file: FileToLoad, evidence: PlanEvidence, options: ValueOptions): FormatDecision {
  return decideFormats({
    columns: evidence.columns,
    delimiter: file.feed.dialect.delimiter,
    options,
    table:
      file.table?.columns
        .filter(({ derivedFrom }) => derivedFrom === undefined)
        .map((column) => ({ ...column, mayBecomeNumber: false })) ?? null,
  });
}

/** @throws Problem ambiguous_values, declared_type_conflict, time_column_unknown, time_column_conflict */
export function planOf(
  file: FileToLoad,
  evidence: PlanEvidence,
  options: ValueOptions,
  decision: FormatDecision,
): ParsePlan {
  const [question] = decision.questions;
  if (question) throw ambiguousValues(question);
  const [conflict] = decision.conflicts;
  if (conflict) throw typeConflict(conflict);
  const parsed = decision.columns.map(({ name, format }) => ({
    name,
    format: format.type === 'unknown' ? ({ type: 'text' } as const) : format,
  }));
  const own = tableColumns(file, decision);
  const { name: timeColumn, combined } = timeColumnOf({ file, evidence, options, decision }, own);
  return {
    file: { columns: combined ? [...parsed, combined.parsed] : parsed, nulls: [...nullsOf(options)] },
    columns: withReasons(combined ? withColumn(own, combined.column) : own, decision),
    timeColumn,
    trustShapes: evidence.trustsShapes,
    rejected: decision.columns.reduce((sum, { rejected }) => sum + rejected, 0),
    warnings: [
      ...decision.warnings.filter((warning) => isWarning(warning, combined !== null)).map(({ message }) => message),
      ...emptyColumns(file, decision),
    ],
    notes: [
      ...decision.warnings.filter(({ isNote }) => isNote).map(({ message }) => message),
      ...(combined ? [combined.note] : []),
    ],
  };
}

/** Says of columns that become text with this file why they do. */
function withReasons(columns: readonly TableColumn[], decision: FormatDecision): readonly TableColumn[] {
  return columns.map((column) => {
    const nearly = decision.columns.find(({ name }) => name === column.name)?.nearly ?? null;
    if (nearly === null || column.type !== 'text') return column;
    const { type, misfits, nulls, remedy, message } = nearly;
    return { ...column, nearly: { type, misfits, nulls, message, ...(remedy !== undefined && { remedy }) } };
  });
}

/** @returns whether two plans read every column in the same way */
export function isSamePlan(a: ParsePlan, b: ParsePlan): boolean {
  return JSON.stringify(a.file) === JSON.stringify(b.file);
}

function isWarning({ code, isNote }: FormatWarning, isCombined: boolean): boolean {
  return !isNote && !(isCombined && code === 'separate_time_of_day');
}

/** Replaces the column of this name, or adds it at the end. */
function withColumn(columns: readonly TableColumn[], column: TableColumn): readonly TableColumn[] {
  const index = columns.findIndex(({ name }) => name === column.name);
  return index < 0 ? [...columns, column] : columns.with(index, { ...columns[index], ...column });
}

function tableColumns({ tableColumns: known }: FileToLoad, { columns }: FormatDecision): readonly TableColumn[] {
  if (known === null) return columns.map(({ name, format, settled }) => ({ name, type: typeOf(format.type), settled }));
  return known.map(({ name, type, derivedFrom }) => {
    const decided = columns.find((column) => column.name === name);
    return { name, type, settled: decided?.settled ?? NOTHING_SETTLED, ...(derivedFrom && { derivedFrom }) };
  });
}

function typeOf(type: ColumnType): LogicalType {
  return type === 'unknown' ? 'text' : type;
}

function emptyColumns({ table }: FileToLoad, { columns }: FormatDecision): readonly string[] {
  if (table !== null) return [];
  return columns
    .filter(({ format }) => format.type === 'unknown')
    .map(({ name }) => `Column '${name}' has no value. Its type is text from now on.`);
}

function ambiguousValues({ column, line, text, option, readings, message }: FormatQuestion): Problem {
  return new Problem('ambiguous_values', message, { column, line, text, option, readings });
}

function typeConflict({ column, declared, type }: TypeConflict): Problem {
  const detail = `Column '${column}' is declared as ${declared}, but the table's column is ${type}.`;
  return new Problem('declared_type_conflict', detail, { column, declared, type });
}
