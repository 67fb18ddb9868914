import type { Column, ColumnType } from '../model/columns.ts';
import { nearestTo } from './request-part.ts';
import { invalid, splitParameter } from './split-parameter.ts';

/** A condition as in the JSON of a query. */
export type ConditionJson = Readonly<Record<string, unknown>>;

const SYMBOLS = ['!=', '<=', '>=', '=', '<', '>'] as const;
const WORDS = ['is not null', 'is null', 'between', 'like', 'in'] as const;
type Operator = (typeof SYMBOLS | typeof WORDS)[number];

/** One way to read a condition: the column, the operator, and what follows it. */
interface Reading {
  readonly column: string;
  readonly op: Operator;
  readonly value: string;
}

/**
 * Reads a condition such as `amount>10`, `city in Berlin,Paris` or `"a=b"!=c`, or one in JSON. Since names and values may contain
 * operators, a name without quotation marks has to be that of a column, and only one operator may follow such a name.
 *
 * @throws Problem query_invalid, column_not_found
 */
export function readConditionText(text: string, columns: readonly Column[]): ConditionJson {
  if (text.trimStart().startsWith('{')) return parsedJson(text);
  // One look-up for each reading: there may be thousands, and as many columns.
  const names = new Set(columns.map(({ name }) => name.toLowerCase()));
  const readings = readingsOf(text).filter(({ column }) => names.has(column.toLowerCase()));
  const [reading, other] = readings;
  if (!reading) throw noReading(text, columns);
  if (other) {
    const names = readings.map(({ column, op }) => `${JSON.stringify(column)} ${op} …`).join(' or ');
    throw invalid(
      'where',
      text,
      `It can be read in two ways: ${names}. Put the name of the column in quotation marks.`,
    );
  }
  const type = findColumn(reading.column, columns)?.type ?? 'text';
  return { column: reading.column, op: reading.op, ...valueIn(reading, type, text) };
}

function parsedJson(text: string): ConditionJson {
  try {
    return JSON.parse(text) as ConditionJson;
  } catch (error) {
    throw invalid('where', text, `It is not valid JSON (${(error as Error).message}).`);
  }
}

function readingsOf(text: string): readonly Reading[] {
  const quoted = /^\s*"((?:[^"]|"")*)"\s*/.exec(text);
  if (quoted) {
    const rest = text.slice(quoted[0].length);
    const reading = operatorAt(` ${rest}`, 1, (quoted[1] ?? '').replaceAll('""', '"'));
    return reading ? [reading] : [];
  }
  const readings: Reading[] = [];
  for (let at = 1; at < text.length; at++) {
    const reading = operatorAt(text, at, text.slice(0, at).trim());
    if (!reading) continue;
    readings.push(reading);
    // `<=` is one operator, not `<` and a value that starts with `=`.
    at += reading.op.length - 1;
  }
  return readings;
}

/** The operator at a position of the text: of words, if spaces are around it. */
function operatorAt(text: string, at: number, column: string): Reading | null {
  const symbol = SYMBOLS.find((each) => text.startsWith(each, at));
  if (symbol) return { column, op: symbol, value: text.slice(at + symbol.length) };
  if (!/\s/.test(text[at - 1] ?? '')) return null;
  const rest = text.slice(at);
  const word = WORDS.find((each) => new RegExp(`^${each.replaceAll(' ', '\\s+')}(?:\\s|$)`, 'i').test(rest));
  if (!word) return null;
  const length = /^is\s+(?:not\s+)?null|^\w+/i.exec(rest)?.[0].length ?? 0;
  return { column, op: word, value: rest.slice(length) };
}

function findColumn(name: string, columns: readonly Column[]): Column | undefined {
  const folded = name.toLowerCase();
  return columns.find((each) => each.name === name) ?? columns.find((each) => each.name.toLowerCase() === folded);
}

function noReading(text: string, columns: readonly Column[]) {
  const names = columns.map(({ name }) => name);
  const [first] = readingsOf(text);
  if (!first) {
    return invalid('where', text, `It has no operator. The operators are ${[...SYMBOLS, ...WORDS].join(', ')}.`);
  }
  const nearest = nearestTo(first.column, names);
  return invalid(
    'where',
    text,
    `No column of the table is before an operator; the columns are ${names.join(', ')}.${nearest ? ` Did you mean ${JSON.stringify(nearest)}?` : ''}`,
  );
}

function valueIn({ op, value }: Reading, type: ColumnType, text: string): { readonly value?: unknown } {
  switch (op) {
    case 'is null':
    case 'is not null':
      if (value.trim() !== '') throw invalid('where', text, `Nothing may follow "${op}".`);
      return {};
    case 'in':
    case 'between': {
      const values = listOf(value).map((each) => typed(each, type));
      return { value: values };
    }
    default: {
      const quoted = /^\s*"((?:[^"]|"")*)"\s*$/.exec(value)?.[1];
      const plain = quoted === undefined ? value.trim() : quoted.replaceAll('""', '"');
      if (plain === '' && quoted === undefined) {
        throw invalid('where', text, 'It has no value. Empty text is written as "", and null as "is null".');
      }
      return { value: typed(plain, op === 'like' ? 'text' : type) };
    }
  }
}

/** Values separated by commas; those with commas or colons in them are quoted. Colons outside of quotation marks belong to times. */
function listOf(text: string): readonly string[] {
  return splitParameter(text.trim(), 'where').map((words) =>
    words.map(({ text: part, quoted }) => (quoted ? part : part.trim())).join(':'),
  );
}

/** A value in the JSON form of the column's type. What does not have that form is left to the query, which refuses it. */
function typed(text: string, type: ColumnType): unknown {
  switch (type) {
    case 'integer': {
      const number = Number(text);
      return /^-?\d+(\.\d+)?$/.test(text) && (Number.isSafeInteger(number) || text.includes('.')) ? number : text;
    }
    case 'number':
      return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || (text === 'false' ? false : text);
    default:
      return text;
  }
}
