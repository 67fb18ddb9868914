import type { NumberQuestion } from './decide-number.ts';
import type { OrderQuestion } from './decide-order.ts';
import { dayInWords, numberInWords } from './value-words.ts';

/** A column whose values can be read in several ways, none of which is much likelier. The upload is refused with it. */
export interface FormatQuestion {
  readonly column: string;
  /** Of the sample. */
  readonly line: number;
  readonly text: string;
  /** The option that answers the question. */
  readonly option: 'decimal' | 'date_order' | 'time_zone';
  /** What the sample is with each value of the option. */
  readonly readings: readonly { readonly value: string; readonly meaning: string }[];
  /** All of it as a sentence. */
  readonly message: string;
}

export function decimalQuestion(column: string, { ambiguous: { line, text } }: NumberQuestion): FormatQuestion {
  const readings = (['.', ','] as const).map((value) => ({ value, meaning: numberInWords(text, value) }));
  return { column, line, text, option: 'decimal', readings, message: message(column, line, text, 'decimal', readings) };
}

export function orderQuestion(column: string, { ambiguous: { line, text }, orders }: OrderQuestion): FormatQuestion {
  const readings = orders.map((value) => ({ value, meaning: dayInWords(text, value) ?? 'no date' }));
  return {
    column,
    line,
    text,
    option: 'date_order',
    readings,
    message: message(column, line, text, 'date_order', readings),
  };
}

function message(
  column: string,
  line: number,
  text: string,
  option: FormatQuestion['option'],
  readings: FormatQuestion['readings'],
): string {
  const meanings = readings.map(({ value, meaning }) => `${meaning} (${option}=${value})`);
  return `Column '${column}' can be read in ${readings.length === 2 ? 'two' : 'three'} ways, and nothing in the file decides. Line ${line}: '${text}' is ${meanings.slice(0, -1).join(', ')} or ${meanings.at(-1)}.`;
}
