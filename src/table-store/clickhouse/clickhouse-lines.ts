import type { LineDialect } from '../sql/compile-lines.ts';
import { literal } from './clickhouse-sql.ts';
import { doubleTextSql, timeTextSql } from './text-forms.ts';

/** How ClickHouse writes values as text: in the same bytes as DuckDB. */
export const CLICKHOUSE_LINES: LineDialect = {
  lineFeed: 'char(10)',
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

/** ClickHouse escapes the line separators of Unicode, which JSON does not require: texts with them are escaped in pieces. */
function jsonTextSql(text: string): string {
  const escaped = (piece: string) => `substring(toJSONString(${piece}), 2, length(toJSONString(${piece})) - 2)`;
  const pieces = `extractAll(assumeNotNull(${text}), ${literal('[\\x{2028}\\x{2029}]|[^\\x{2028}\\x{2029}]+')})`;
  const kept = `p IN (${literal('\u2028')}, ${literal('\u2029')})`;
  const joined = `concat('"', arrayStringConcat(arrayMap(p -> if(${kept}, p, ${escaped('p')}), ${pieces})), '"')`;
  return `if(match(${text}, ${literal('[\\x{2028}\\x{2029}]')}), ${joined}, toJSONString(${text}))`;
}
