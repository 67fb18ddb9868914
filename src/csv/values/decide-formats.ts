import type { LogicalType } from '../../model/columns.ts';
import { valuesWhere } from './column-evidence.ts';
import { type ColumnDecision, type DecidedColumn, decideColumn } from './decide-column.ts';
import { cluesOf, type FileToDecide } from './file-clues.ts';
import { type FormatGuess, formatGuesses } from './format-guesses.ts';
import type { FormatQuestion } from './format-questions.ts';
import { type FormatWarning, formatWarnings } from './format-warnings.ts';
import { CLOCK } from './readings.ts';
import { declaredColumn } from './value-options.ts';

/** A declared type that is not the one of the table's column. */
export interface TypeConflict {
  readonly column: string;
  readonly declared: LogicalType;
  readonly type: LogicalType;
}

export interface FormatDecision {
  /** In the order of the file. */
  readonly columns: readonly ColumnDecision[];
  readonly warnings: readonly FormatWarning[];
  /** The file must not be read while there are any: each needs an option. */
  readonly questions: readonly FormatQuestion[];
  /** What an option could change, although nothing asks for it. */
  readonly guesses: readonly FormatGuess[];
  /** The file must not be read while there are any. */
  readonly conflicts: readonly TypeConflict[];
}

/**
 * Decides how the columns of a file are read, from all of its values, the options, and what is settled for the table. A column
 * that can be read in two ways is decided by other columns, or is a question: docs/decisions/0012.
 */
export function decideFormats(file: FileToDecide): FormatDecision {
  const clues = cluesOf(file);
  const decided = file.columns.map((column) => decideColumn(column, file, clues));
  return {
    columns: decided.map(({ decision }) => decision),
    warnings: [...decided.flatMap(formatWarnings), ...separateClocks(decided, file)],
    questions: decided.flatMap(({ question }) => question ?? []),
    guesses: decided.flatMap(formatGuesses),
    conflicts: decided.flatMap((column) => conflictOf(column, file)),
  };
}

function conflictOf(
  { decision: { name }, previousType }: DecidedColumn,
  { options }: FileToDecide,
): readonly TypeConflict[] {
  const declared = declaredColumn(options, name).type;
  if (declared === null || previousType === null || previousType === 'unknown' || previousType === declared) return [];
  return [{ column: name, declared, type: previousType }];
}

/** A column of days and one of times of day: their moments are not what the column of days says. */
function separateClocks(decided: readonly DecidedColumn[], { table }: FileToDecide): readonly FormatWarning[] {
  const day = decided.find(({ decision }) => decision.format.type === 'date');
  if (day === undefined) return [];
  // Not if the table has a time column already, or another one has the times.
  const mayCombine = table === null && decided.every(({ decision }) => decision.format.type !== 'timestamp');
  return decided.flatMap(({ decision, evidence }): readonly FormatWarning[] => {
    const clocks = valuesWhere(evidence, (readings) => (readings & CLOCK) !== 0);
    if (decision.format.type !== 'text' || clocks === null || clocks.count < decision.values) return [];
    const { count, line, text } = clocks;
    const advice = mayCombine
      ? ` To read both as one time, undo this upload and send the file again with time_column=${day.decision.name}+${decision.name}.`
      : '';
    const message = `Column '${day.decision.name}' has days only: the times of day in column '${decision.name}' are text and not part of it.${advice}`;
    return [{ code: 'separate_time_of_day', isNote: false, column: decision.name, count, line, text, message }];
  });
}
