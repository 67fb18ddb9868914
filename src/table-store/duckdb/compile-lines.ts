import { literal } from '../../engine/sql.ts';
import type { Column, LogicalType } from '../../model/columns.ts';
import { escapedFormula, FORMULA_STARTS, quotedField } from '../../model/csv-field.ts';
import type { Physical } from '../../model/physical-columns.ts';

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

function jsonSql(type: LogicalType, value: string): string {
  switch (type) {
    case 'boolean':
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
function plainSql(type: LogicalType, value: string): string {
  switch (type) {
    case 'number':
      // A plain cast gives `nan` and `inf`.
      return `CASE WHEN isfinite(${value}) THEN CAST(${value} AS VARCHAR) WHEN isnan(${value}) THEN 'NaN' WHEN ${value} > 0 THEN 'Infinity' WHEN ${value} < 0 THEN '-Infinity' END`;
    case 'date':
      return `CASE WHEN ${usualYear(value)} THEN CAST(${value} AS VARCHAR) ELSE ${unusualDateSql(value)} END`;
    case 'timestamp': {
      const unusual = `${unusualDateSql(value)} || 'T' || CAST(${value} AS TIME) || 'Z'`;
      return `CASE WHEN ${usualYear(value)} THEN replace(CAST(${value} AS VARCHAR), ' ', 'T') || 'Z' ELSE ${unusual} END`;
    }
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

function usualYear(time: string): string {
  return `${time} >= '0001-01-01' AND ${time} < '10000-01-01'`;
}

/** ISO 8601: year 0 with four digits, others with a sign and six. DuckDB writes `(BC)`, and years without padding. */
function unusualDateSql(time: string): string {
  const year = `year(${time})`;
  const expanded = `(CASE WHEN ${year} < 0 THEN '-' ELSE '+' END || lpad(CAST(abs(${year}) AS VARCHAR), 6, '0'))`;
  return `CASE WHEN ${year} = 0 THEN '0000' ELSE ${expanded} END || '-' || lpad(CAST(month(${time}) AS VARCHAR), 2, '0') || '-' || lpad(CAST(day(${time}) AS VARCHAR), 2, '0')`;
}
