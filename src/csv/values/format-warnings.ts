import type { ValueFormat } from '../../model/value-format.ts';
import { valuesWhere } from './column-evidence.ts';
import type { DecidedColumn } from './decide-column.ts';
import { numberWarnings } from './number-warnings.ts';
import { acceptsReadings } from './readings.ts';
import { timeWarnings } from './time-warnings.ts';
import { counted, whereIs } from './value-words.ts';
import type { Values } from './values.ts';
import type { Accepted, FormatWarningCode, WarningDraft } from './warning-draft.ts';

/** What a receipt says of how a column was read. */
export interface FormatWarning {
  readonly code: FormatWarningCode;
  /** Nothing to act on: what was declared, settled before, or is usual. */
  readonly isNote: boolean;
  readonly column: string;
  /** How many values it is about. */
  readonly count: number;
  /** The first of them. */
  readonly line: number;
  readonly text: string;
  /** Sentences. */
  readonly message: string;
}

/** Everything that the sender of a column should know about how it was read. None for a column with a question. */
export function formatWarnings(column: DecidedColumn): readonly FormatWarning[] {
  const { decision, evidence, question } = column;
  const { name, format } = decision;
  if (question !== null) return [];
  const accepts = acceptsReadings(format);
  const accepted: Accepted = (test) => valuesWhere(evidence, (readings) => accepts(readings) && test(readings));
  const drafts = [nearlyWarning(column), nullWarning(column), typeWarning(column)];
  if (format.type === 'integer' || format.type === 'number') drafts.push(...numberWarnings(column, format, accepted));
  if (format.type === 'date' || format.type === 'timestamp') drafts.push(...timeWarnings(column, format, accepted));
  return drafts
    .filter((draft) => draft !== null)
    .map(({ code, isNote = false, values: { count, line, text }, says }) => ({
      code,
      isNote,
      column: name,
      count,
      line,
      text,
      message: `Column '${name}' ${says}`,
    }));
}

/** What the parser of a column counted, once the file is read; null: nothing. */
export function ambiguousTimesWarning(column: string, timeZone: string, times: Values | null): FormatWarning | null {
  if (times === null) return null;
  const { count, line, text } = times;
  const are = count === 1 ? 'time that clocks' : 'times that clocks';
  const message = `Column '${column}' has ${count} ${are} in ${timeZone} showed twice, read as the earlier moment. ${whereIs(times)}.`;
  return { code: 'times_shown_twice', isNote: false, column, count, line, text, message };
}

/** Of two columns that are one time: rows in which one of them is null. */
export function incompletePairsWarning(columns: readonly [string, string], rows: Values | null): FormatWarning | null {
  if (rows === null) return null;
  const { count, line, text } = rows;
  const message = `${counted(count, 'row')} with only one of the columns '${columns[0]}' and '${columns[1]}' got no time. ${whereIs(rows)}.`;
  return { code: 'incomplete_times', isNote: false, column: columns[0], count, line, text, message };
}

function nearlyWarning({ decision: { nearly } }: DecidedColumn): WarningDraft | null {
  if (nearly === null) return null;
  const { misfits, line, text, message } = nearly;
  return { code: 'nearly_typed', values: { count: misfits, line, text }, says: `is text: ${message}` };
}

function nullWarning({ decision, evidence }: DecidedColumn): WarningDraft | null {
  const words = [...evidence.nulls].sort(([, a], [, b]) => a.line - b.line);
  const [first] = words;
  if (first === undefined || decision.format.type === 'text') return null;
  const count = words.reduce((sum, [, values]) => sum + values.count, 0);
  const names = words.map(([word, values]) => `${values.count} × ${word === '' ? 'only spaces' : `'${word}'`}`);
  const says = `has ${counted(count, 'value')} read as null: ${names.join(', ')}. Line ${first[1].line} is the first. The option nulls sets the list.`;
  return { code: 'nulls', values: { ...first[1], count }, says };
}

function typeWarning({ decision, previousType, evidence }: DecidedColumn): WarningDraft | null {
  if (decision.becomes === null || previousType === null) return null;
  if (previousType === 'unknown') {
    const first = valuesWhere(evidence, () => true);
    const says = `had no value so far and is ${decision.becomes} from now on.`;
    return first && { code: 'type_changed', isNote: true, values: first, says };
  }
  const accepts = acceptsReadings(plainFormat(previousType));
  const values = valuesWhere(evidence, (readings) => !accepts(readings));
  if (values === null) return null;
  const says = `was ${previousType} and becomes ${decision.becomes}. ${whereIs(values)}.`;
  return { code: 'type_changed', isNote: true, values, says };
}

function plainFormat(type: ValueFormat['type']): ValueFormat {
  switch (type) {
    case 'integer':
      return { type, thousands: null };
    case 'number':
      return { type, decimal: '.', thousands: null };
    case 'date':
      return { type, order: null, pattern: null };
    case 'timestamp':
      return { type, order: null, pattern: null, timeZone: 'UTC' };
    default:
      return { type };
  }
}
