import { literal } from '../../engine/sql.ts';
import { concatenated, type LineDialect } from '../sql/compile-lines.ts';
import { DUCKDB } from './duckdb-dialect.ts';
import { numberTextSql } from './number-text.ts';
import { timeTextSql } from './time-text.ts';

/** How DuckDB writes values as text. */
export const DUCKDB_LINES: LineDialect = {
  line: (...line) => concatenated({ literal }, line, 'chr(10)'),
  literal,
  plain: (value, type) => (type === 'number' ? numberTextSql(value) : `CAST(${value} AS VARCHAR)`),
  time: (value, type) => timeTextSql(type, value),
  jsonText: (text) => `CAST(to_json(${text}) AS VARCHAR)`,
  // A plain cast gives `nan` and `inf`.
  finite: DUCKDB.finite,
  nan: (number) => `isnan(${number})`,
  matches: (text, pattern) => `regexp_matches(${text}, ${literal(pattern)})`,
  firstCharacter: (text) => `left(${text}, 1)`,
  // `concat` skips nulls.
  field: (value) => value,
};
