import { valuesWhere } from './column-evidence.ts';
import type { DecidedColumn } from './decide-column.ts';
import { decimalQuestion, type FormatQuestion, orderQuestion } from './format-questions.ts';
import { AMBIGUOUS_NUMBER, acceptsReadings, ambiguityOf, HAS_CLOCK, HAS_OFFSET } from './readings.ts';

/** A question that was answered without an option: by likelihood, other columns, or a default. */
export interface FormatGuess extends FormatQuestion {
  readonly chosen: string;
}

/** What a column was taken to be although an option could say otherwise. None for what its values or earlier files prove. */
export function formatGuesses(column: DecidedColumn): readonly FormatGuess[] {
  const guesses = column.question === null ? [styleGuess(column), zoneGuess(column)] : [];
  return guesses.filter((guess) => guess !== null);
}

function styleGuess({ decision: { name, format }, evidence, because, instead }: DecidedColumn): FormatGuess | null {
  if (because === 'values' || because === 'option' || because === 'settled') return null;
  const accepts = acceptsReadings(format);
  if ((format.type === 'date' || format.type === 'timestamp') && format.order !== null) {
    const { order } = format;
    const bits = instead.reduce((all, other) => all | ambiguityOf(order, other), 0);
    const ambiguous = valuesWhere(evidence, (readings) => accepts(readings) && (readings & bits) !== 0);
    return ambiguous && { ...orderQuestion(name, { ambiguous, orders: [order, ...instead] }), chosen: order };
  }
  if (format.type !== 'integer' && format.type !== 'number') return null;
  const ambiguous = valuesWhere(evidence, (readings) => accepts(readings) && (readings & AMBIGUOUS_NUMBER) !== 0);
  const isComma = format.type === 'number' ? format.decimal === ',' : format.thousands === '.';
  return ambiguous && { ...decimalQuestion(name, { ambiguous }), chosen: isComma ? ',' : '.' };
}

function zoneGuess({ decision: { name, format, settled }, evidence }: DecidedColumn): FormatGuess | null {
  if (format.type !== 'timestamp' || settled.timeZone !== null) return null;
  const accepts = acceptsReadings(format);
  const local = valuesWhere(
    evidence,
    (readings) => accepts(readings) && (readings & HAS_CLOCK) !== 0 && (readings & HAS_OFFSET) === 0,
  );
  if (local === null) return null;
  const { line, text } = local;
  const readings = [{ value: 'UTC', meaning: `${text} in UTC` }];
  const message = `Column '${name}' has times without an offset, read as UTC. Line ${line}: '${text}'. The option time_zone reads them as local times, such as those of Europe/Berlin.`;
  return { column: name, line, text, option: 'time_zone', readings, message, chosen: 'UTC' };
}
