import type { Column } from '../model/columns.ts';
import { type ConditionJson, readConditionText } from './condition-text.ts';
import { invalid, splitParameter, type Word } from './split-parameter.ts';

/** A query in the parameters of a URL. Parameters that are given several times are lists. */
export interface QueryParameters {
  /** The whole query as JSON. */
  readonly q?: string | undefined;
  readonly measures?: readonly string[];
  readonly group_by?: readonly string[];
  /** Each has to be true. */
  readonly where?: readonly string[];
  /** As JSON. */
  readonly having?: string | undefined;
  readonly order_by?: readonly string[];
  readonly limit?: string | undefined;
  /** Of all buckets of time without a zone of their own. */
  readonly time_zone?: string | undefined;
}

/**
 * Reads the query of a URL as the JSON of a query.
 *
 * @param columns of the table: values in conditions have the types of their columns
 * @throws Problem query_invalid if a parameter cannot be read, or in two ways
 */
export function readQueryParameters(parameters: QueryParameters, columns: readonly Column[]): unknown {
  const { q, measures = [], group_by = [], where = [], having, order_by = [], limit, time_zone } = parameters;
  const plain = Object.entries(parameters).filter(([name, value]) => name !== 'q' && value?.length);
  if (q !== undefined) {
    if (plain[0]) throw invalid('q', q, `The query is given as JSON, and by the parameter ${plain[0][0]}.`);
    return parsedJson('q', q);
  }
  const items = (texts: readonly string[], name: string) => texts.flatMap((text) => splitParameter(text, name));
  const groups = items(group_by, 'group_by').map((words) => group(words, time_zone));
  if (time_zone !== undefined && !groups.some((each) => typeof each === 'object' && 'time_zone' in each)) {
    throw invalid('time_zone', time_zone, 'No group has a bucket of time.');
  }
  const conditions = where.map((text) => readConditionText(text, columns));
  return {
    ...(measures.length > 0 && { measures: items(measures, 'measures').map(measure) }),
    ...(groups.length > 0 && { group_by: groups }),
    ...(conditions.length > 0 && { where: allOf(conditions) }),
    ...(having !== undefined && { having: parsedJson('having', having) }),
    ...(order_by.length > 0 && { order_by: items(order_by, 'order_by').map(ordering) }),
    ...(limit !== undefined && { limit: integer('limit', limit) }),
  };
}

/** The condition that all of these are true. */
export function allOf(conditions: readonly ConditionJson[]): ConditionJson {
  return conditions.length === 1 && conditions[0] ? conditions[0] : { and: conditions };
}

function parsedJson(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalid(name, text, `It is not valid JSON (${(error as Error).message}).`);
  }
}

/** `count`, `avg:amount`, `quantile:amount:0.9`, `first:price:at`; with `:as:name`. */
function measure(words: readonly Word[]): object {
  const { rest, as } = named(words, 'measures');
  const [fn, column, argument, ...surplus] = rest;
  if (surplus.length > 0) throw tooLong('measures', words);
  const isBy = fn?.text === 'first' || fn?.text === 'last';
  return {
    fn: fn?.text,
    ...(column && { column: column.text }),
    ...(argument && (isBy ? { by: argument.text } : { q: number('measures', argument, words) })),
    ...as,
  };
}

/** `city`, `at:day`, `at:day:Europe/Berlin`, `amount:10`, `amount:into:20`; with `:as:name`. */
function group(words: readonly Word[], timeZone: string | undefined): string | object {
  const { rest, as } = named(words, 'group_by');
  const [column, bucket, third, ...surplus] = rest;
  if (surplus.length > 0) throw tooLong('group_by', words);
  if (!bucket) return 'as' in as ? { column: column?.text, ...as } : (column?.text ?? '');
  if (isKeyword(bucket, 'into')) {
    return { column: column?.text, buckets: third ? number('group_by', third, words) : null, ...as };
  }
  if (/^\d+(\.\d+)?$/.test(bucket.text)) {
    if (third) throw tooLong('group_by', words);
    return { column: column?.text, bucket: Number(bucket.text), ...as };
  }
  const zone = third?.text ?? timeZone;
  return { column: column?.text, bucket: bucket.text, ...(zone !== undefined && { time_zone: zone }), ...as };
}

/** `count`, `count:desc`, `-count`; with `:nulls:first`. */
function ordering(words: readonly Word[]): object {
  const [first = { text: '', quoted: false }, ...options] = words;
  const isNegative = !first.quoted && first.text.startsWith('-');
  const direction = options[0] && ['asc', 'desc'].find((each) => options[0] && isKeyword(options[0], each));
  const [nulls, where, ...surplus] = direction === undefined ? options : options.slice(1);
  if (surplus.length > 0 || (nulls && (!isKeyword(nulls, 'nulls') || !where)) || (isNegative && direction)) {
    throw tooLong('order_by', words);
  }
  return {
    column: isNegative ? first.text.slice(1) : first.text,
    ...((isNegative || direction) && { direction: direction ?? 'desc' }),
    ...(where && { nulls: where.text }),
  };
}

/** Takes `as` and the name off the end. */
function named(words: readonly Word[], parameter: string) {
  const at = words.findLastIndex((word) => isKeyword(word, 'as'));
  if (at <= 0) return { rest: words, as: {} };
  const name = words[at + 1];
  if (!name || at + 2 !== words.length) throw tooLong(parameter, words);
  return { rest: words.slice(0, at), as: { as: name.text } };
}

function isKeyword(word: Word, keyword: string): boolean {
  return !word.quoted && word.text === keyword;
}

function number(parameter: string, word: Word, words: readonly Word[]): number {
  if (/^\d+(\.\d+)?$/.test(word.text)) return Number(word.text);
  throw invalid(parameter, written(words), `${JSON.stringify(word.text)} is not a number.`);
}

function integer(parameter: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw invalid(parameter, text, 'It is not a whole number.');
}

function tooLong(parameter: string, words: readonly Word[]) {
  return invalid(parameter, written(words), 'Its parts do not fit together.');
}

function written(words: readonly Word[]): string {
  return words.map(({ text, quoted }) => (quoted ? `"${text.replaceAll('"', '""')}"` : text)).join(':');
}
