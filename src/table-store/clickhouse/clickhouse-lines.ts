import { concatenated, type LineDialect } from '../sql/compile-lines.ts';
import { literal } from './clickhouse-sql.ts';
import { doubleTextSql, timeTextSql } from './text-forms.ts';

/** The most columns of which each is written by an expression of its own. */
const MAX_WRITTEN_ONE_BY_ONE = 50;

/** How ClickHouse writes values as text: in the same bytes as DuckDB. */
export const CLICKHOUSE_LINES: LineDialect = {
  line: lineSql,
  literal,
  plain: (value, type) => (type === 'number' ? doubleTextSql(value) : `toString(${value})`),
  time: (value, type) => timeTextSql(type, value),
  jsonText: jsonTextSql,
  finite: (number) => `isFinite(${number})`,
  nan: (number) => `isNaN(${number})`,
  matches: (text, pattern) => `match(${text}, ${literal(pattern)})`,
  firstCharacter: (text) => `leftUTF8(${text}, 1)`,
  field: (value) => `ifNull(${value}, '')`,
};

/**
 * Of a wide table, how a value is written is said once for each type, whose values are an array, and not for each column: to analyse that took 2 s for each
 * chunk of 1,000 columns, ten times as long as to write its rows. Of five columns, arrays take a third to a half more time.
 */
function lineSql(...line: Parameters<LineDialect['line']>): string {
  const [values, write, end] = line;
  if (values.length <= MAX_WRITTEN_ONE_BY_ONE) return concatenated({ literal }, line, 'char(10)');
  const types = [...new Set(values.map(({ type }) => type))];
  const places = types.flatMap((type) => values.flatMap((value, place) => (value.type === type ? [place] : [])));
  const texts = types.map((type) => {
    const ofType = values.flatMap((each) => (each.type === type ? [each.value] : []));
    return `arrayMap(x -> ${write('x', type)}, [${ofType.join(', ')}])`;
  });
  const inOrder = `arraySort((t, place) -> place, arrayConcat(${texts.join(', ')}), [${places.join(', ')}])`;
  const befores = values.map(({ before }) => literal(before));
  const all = `arrayMap((before, t) -> concat(before, t), [${befores.join(', ')}], ${inOrder})`;
  return `concat(arrayStringConcat(${all}), ${literal(end)}, char(10))`;
}

/** ClickHouse escapes the line separators of Unicode, which JSON does not require: texts with them are escaped in pieces. */
function jsonTextSql(text: string): string {
  const escaped = (piece: string) => `substring(toJSONString(${piece}), 2, length(toJSONString(${piece})) - 2)`;
  const pieces = `extractAll(assumeNotNull(${text}), ${literal('[\\x{2028}\\x{2029}]|[^\\x{2028}\\x{2029}]+')})`;
  const kept = `p IN (${literal('\u2028')}, ${literal('\u2029')})`;
  const joined = `concat('"', arrayStringConcat(arrayMap(p -> if(${kept}, p, ${escaped('p')}), ${pieces})), '"')`;
  return `if(match(${text}, ${literal('[\\x{2028}\\x{2029}]')}), ${joined}, toJSONString(${text}))`;
}
