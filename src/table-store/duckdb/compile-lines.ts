import { literal } from '../../engine/sql.ts';
import type { Column, ColumnType } from '../../model/columns.ts';
import { escapedFormula, FORMULA_STARTS, quotedField } from '../../model/csv-field.ts';
import type { Physical } from './physical-columns.ts';
import { timeTextSql } from './time-text.ts';

/** A format with one line per row: the text before the first row, and a SQL expression for a row with its line feed. */
export interface Lines {
  readonly head: string;
  readonly line: string;
}

const GREATEST_EXACT = Number.MAX_SAFE_INTEGER;

/** CSV with a header. Null is an empty field, and an empty text is `""`. */
export function csvLines(columns: readonly Column[], physical: Physical, escapeFormulas: boolean): Lines {
  const names = columns.map(({ name }) => {
    return quotedField(escapeFormulas ? escapedFormula(name) : name);
  });
  const fields = columns.map((column) => {
    const value = physical(column);
    return column.type === 'text'
      ? quotedSql(escapeFormulas ? escapedSql(value) : value)
      : plainSql(column.type, value);
  });
  // `concat` skips nulls.
  return { head: `${names.join(',')}\n`, line: `concat(${fields.join(`, ',', `)}, chr(10))` };
}

/** One JSON object per row, with values in the same form as in all JSON of the API. */
export function jsonLines(columns: readonly Column[], physical: Physical): Lines {
  const members = columns.map((column, index) => {
    const name = `${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`;
    return `${literal(name)}, coalesce(${jsonSql(column.type, physical(column))}, 'null')`;
  });
  return { head: '', line: `concat(${members.join(', ')}, '}', chr(10))` };
}

/** As `escapedFormula`. */
function escapedSql(text: string): string {
  const firsts = FORMULA_STARTS.map(literal).join(', ');
  return `(CASE WHEN left(${text}, 1) IN (${firsts}) THEN '''' || ${text} ELSE ${text} END)`;
}

/** As `quotedField`. */
function quotedSql(text: string): string {
  const pattern = literal('^$|[",;|\\t\\r\\n]|^[\\s\\x{FEFF}]|\\s$');
  return `CASE WHEN regexp_matches(${text}, ${pattern}) THEN '"' || replace(${text}, '"', '""') || '"' ELSE ${text} END`;
}

function jsonSql(type: ColumnType, value: string): string {
  switch (type) {
    case 'boolean':
    case 'unknown':
      return plainSql(type, value);
    case 'text':
      return `CAST(to_json(${value}) AS VARCHAR)`;
    case 'integer': {
      const exact = `${value} BETWEEN -${GREATEST_EXACT} AND ${GREATEST_EXACT}`;
      return `CASE WHEN ${exact} THEN CAST(${value} AS VARCHAR) ELSE '"' || ${value} || '"' END`;
    }
    case 'number':
      return `CASE WHEN isfinite(${value}) THEN CAST(${value} AS VARCHAR) ELSE '"' || ${plainSql(type, value)} || '"' END`;
    case 'date':
    case 'timestamp':
      return `'"' || ${plainSql(type, value)} || '"'`;
  }
}

/** A value other than a text, in the form it has in JSON, without quotes. */
function plainSql(type: ColumnType, value: string): string {
  switch (type) {
    case 'number':
      // A plain cast gives `nan` and `inf`.
      return `CASE WHEN isfinite(${value}) THEN CAST(${value} AS VARCHAR) WHEN isnan(${value}) THEN 'NaN' WHEN ${value} > 0 THEN 'Infinity' WHEN ${value} < 0 THEN '-Infinity' END`;
    case 'date':
    case 'timestamp':
      return timeTextSql(type, value);
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}
