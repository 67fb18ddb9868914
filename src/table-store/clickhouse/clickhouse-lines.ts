import type { LineDialect } from '../sql/compile-lines.ts';
import { literal } from './clickhouse-sql.ts';
import { doubleTextSql, timeTextSql } from './text-forms.ts';

/** How ClickHouse writes values as text: in the same bytes as DuckDB. */
export const CLICKHOUSE_LINES: LineDialect = {
  lineFeed: 'char(10)',
  literal,
  plain: (value, type) => (type === 'number' ? doubleTextSql(value) : `toString(${value})`),
  time: (value, type) => timeTextSql(type, value),
  jsonText: (text) => `toJSONString(${text})`,
  finite: (number) => `isFinite(${number})`,
  nan: (number) => `isNaN(${number})`,
  matches: (text, pattern) => `match(${text}, ${literal(pattern)})`,
  firstCharacter: (text) => `leftUTF8(${text}, 1)`,
  field: (value) => `ifNull(${value}, '')`,
};
