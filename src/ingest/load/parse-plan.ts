import { valuesWhere } from '../../csv/values/column-evidence.ts';
import type { ColumnDecision } from '../../csv/values/decide-column.ts';
import { decideFormats, type FormatDecision, type TypeConflict } from '../../csv/values/decide-formats.ts';
import type { FormatQuestion } from '../../csv/values/format-questions.ts';
import type { FormatWarning } from '../../csv/values/format-warnings.ts';
import { acceptsReadings } from '../../csv/values/readings.ts';
import { nullsOf, type ValueOptions } from '../../csv/values/value-options.ts';
import { Problem } from '../../errors.ts';
import type { ColumnUse } from '../../model/column-uses.ts';
import { partsOf } from '../../model/columns.ts';
import type { ParsedFile, TableColumn } from '../../model/parsed-columns.ts';
import { NOTHING_SETTLED } from '../../model/value-format.ts';
import type { PlanEvidence } from './file-evidence.ts';
import type { FileToLoad } from './file-to-load.ts';
import { timeColumnOf } from './time-column.ts';

/** How a file is read into a table. */
export interface ParsePlan {
  readonly file: ParsedFile;
  /** The columns of the table, in its order, with what this file settles, and with the types that it needs. */
  readonly columns: readonly TableColumn[];
  /** What the values of this file mean for the types of the columns. */
  readonly uses: readonly ColumnUse[];
  readonly timeColumn: string | null;
  /** Values that the formats do not accept, as far as the evidence goes. */
  readonly rejected: number;
  readonly warnings: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Decides how a file is read by the evidence so far.
 *
 * @param staysInteger names of integer columns with values that a number column would change
 */
export function decidePlan(
  file: FileToLoad,
  evidence: PlanEvidence,
  options: ValueOptions,
  staysInteger: ReadonlySet<string>,
): FormatDecision {
  return decideFormats({
    columns: evidence.columns,
    delimiter: file.feed.dialect.delimiter,
    options,
    table:
      file.table?.columns
        .filter(({ derivedFrom }) => derivedFrom === undefined)
        .map((column) => ({
          ...column,
          mayBecomeNumber: !staysInteger.has(column.name),
          mayBecomeText: !isTimeOf(file.table, column.name),
        })) ?? null,
  });
}

/** Whether a column is the time column of its table, or a part of it. As text, the table would lose what needs its times. */
function isTimeOf(table: FileToLoad['table'], name: string): boolean {
  const timeColumn = table?.columns.find((column) => column.name === table.timeColumn);
  return timeColumn?.name === name || (timeColumn?.derivedFrom?.includes(name) ?? false);
}

/** @throws Problem ambiguous_values, declared_type_conflict, time_column_unknown, time_column_conflict, upload_option_invalid */
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
  refuseWidening(file, options);
  const own = tableColumns(file, decision);
  const { name: timeColumn, combined } = timeColumnOf({ file, evidence, options, decision }, own);
  const parsed = decision.columns.map(({ name, format }) => ({ name, format }));
  return {
    file: { columns: combined ? [...parsed, combined.parsed] : parsed, nulls: [...nullsOf(options)] },
    columns: withReasons(combined ? withColumn(own, combined.column) : own, decision),
    uses: usesOf(evidence, decision),
    timeColumn,
    rejected: decision.columns.reduce((sum, { rejected }) => sum + rejected, 0),
    warnings: decision.warnings
      .filter((warning) => isWarning(warning, combined !== null))
      .map(({ message }) => message),
    notes: [
      ...decision.warnings.filter(({ isNote }) => isNote).map(({ message }) => message),
      ...emptyColumns(file, decision),
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

function tableColumns({ table, tableColumns: known }: FileToLoad, { columns }: FormatDecision): readonly TableColumn[] {
  const decided = new Map(columns.map((column) => [column.name, column]));
  if (table !== null) return table.columns.map((column) => withFile(column, decided.get(column.name)));
  return (known ?? columns.map(({ name, format }) => ({ name, type: format.type }))).map(({ name, type }) => ({
    name,
    type,
    settled: decided.get(name)?.settled ?? NOTHING_SETTLED,
  }));
}

/** A column of the table as it is with the values of the file. */
function withFile(column: TableColumn, decided: ColumnDecision | undefined): TableColumn {
  if (decided === undefined) return column;
  const { format, becomes, settled } = decided;
  const parts = partsOf(column);
  const isStored = format.type === 'unknown' || parts.includes(format.type);
  return { ...column, type: becomes ?? column.type, settled, ...(isStored ? {} : { parts: [...parts, format.type] }) };
}

function usesOf(evidence: PlanEvidence, { columns }: FormatDecision): readonly ColumnUse[] {
  const found = new Map(evidence.columns.map((column) => [column.name, column.evidence]));
  return columns.flatMap(({ name, format, values }): readonly ColumnUse[] => {
    // In a column of text, null words are values, too.
    const isUsed = format.type === 'text' ? evidence.hasTexts(name) : values > 0;
    if (!isUsed || format.type === 'unknown') return [];
    if (format.type !== 'number') return [{ name, stored: format.type, needs: format.type }];
    const isNumber = acceptsReadings(format);
    const isInteger = acceptsReadings({ type: 'integer', thousands: format.thousands });
    const seen = found.get(name);
    const others = seen && valuesWhere(seen, (readings) => isNumber(readings) && !isInteger(readings));
    return [{ name, stored: 'number', needs: others ? 'number' : 'integer' }];
  });
}

function emptyColumns({ table }: FileToLoad, { columns }: FormatDecision): readonly string[] {
  if (table !== null) return [];
  return columns
    .filter(({ format }) => format.type === 'unknown')
    .map(({ name }) => `Column '${name}' has no value yet. Its type will be that of the first file with a value.`);
}

/** @throws Problem upload_option_invalid if `widen` names a column that cannot become text */
function refuseWidening({ table }: FileToLoad, { widen }: ValueOptions): void {
  if (table === null || widen === null || widen === 'text') return;
  for (const name of widen) {
    const column = table.columns.find((each) => each.name.toLowerCase() === name);
    if (column !== undefined && !isTimeOf(table, column.name)) continue;
    const why = column
      ? `'${column.name}', the time column or a part of it, which keeps its type`
      : `'${name}', which the table does not have`;
    throw new Problem('upload_option_invalid', `widen names the column ${why}.`, { option: 'widen' });
  }
}

function ambiguousValues({ column, line, text, option, readings, message }: FormatQuestion): Problem {
  return new Problem('ambiguous_values', message, { column, line, text, option, readings });
}

function typeConflict({ column, declared, type }: TypeConflict): Problem {
  const detail = `Column '${column}' is declared as ${declared}, but the table's column is ${type}.`;
  return new Problem('declared_type_conflict', detail, { column, declared, type });
}
