import type { Column, ColumnType } from '../../model/columns.ts';
import { escapedFormula, FORMULA_STARTS, quotedField } from '../../model/csv-field.ts';
import type { Physical } from './physical-columns.ts';

/** A format with one line per row: the text before the first row, and a SQL expression for a row with its line feed. */
export interface Lines {
  readonly head: string;
  readonly line: string;
}

/** How a database writes values as text. The strings that it is given and returns are SQL expressions, unless named otherwise. */
export interface LineDialect {
  readonly lineFeed: string;
  /** A constant. @param text itself, not SQL */
  literal(text: string): string;
  /** An integer, a boolean or a finite number, in the form it has in JSON. */
  plain(value: string, type: ColumnType): string;
  /** A date or timestamp in the form it has in JSON, without quotes. */
  time(value: string, type: 'date' | 'timestamp'): string;
  /** A text in the form it has in JSON, with quotes. */
  jsonText(text: string): string;
  finite(number: string): string;
  nan(number: string): string;
  /** @param pattern of RE2, not SQL */
  matches(text: string, pattern: string): string;
  firstCharacter(text: string): string;
  /** What `concat` is given for a value that may be null, and then has no text. */
  field(value: string): string;
}

const GREATEST_EXACT = Number.MAX_SAFE_INTEGER;

/** CSV with a header. Null is an empty field, and an empty text is `""`. */
export function csvLines(
  dialect: LineDialect,
  columns: readonly Column[],
  physical: Physical,
  escapeFormulas: boolean,
): Lines {
  const names = columns.map(({ name }) => {
    return quotedField(escapeFormulas ? escapedFormula(name) : name);
  });
  const fields = columns.map((column) => {
    const value = physical(column);
    if (column.type !== 'text') return dialect.field(plainSql(dialect, column.type, value));
    return dialect.field(quotedSql(dialect, escapeFormulas ? escapedSql(dialect, value) : value));
  });
  return { head: `${names.join(',')}\n`, line: `concat(${fields.join(`, ',', `)}, ${dialect.lineFeed})` };
}

/** One JSON object per row, with values in the same form as in all JSON of the API. */
export function jsonLines(dialect: LineDialect, columns: readonly Column[], physical: Physical): Lines {
  const members = columns.map((column, index) => {
    const name = `${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`;
    return `${dialect.literal(name)}, coalesce(${jsonSql(dialect, column.type, physical(column))}, 'null')`;
  });
  return { head: '', line: `concat(${members.join(', ')}, '}', ${dialect.lineFeed})` };
}

/** As `escapedFormula`. */
function escapedSql({ firstCharacter, literal }: LineDialect, text: string): string {
  const firsts = FORMULA_STARTS.map(literal).join(', ');
  return `(CASE WHEN ${firstCharacter(text)} IN (${firsts}) THEN ${literal("'")} || ${text} ELSE ${text} END)`;
}

/** As `quotedField`. */
function quotedSql({ matches }: LineDialect, text: string): string {
  const isQuoted = matches(text, '^$|[",;|\\t\\r\\n]|^[\\s\\x{FEFF}]|\\s$');
  return `CASE WHEN ${isQuoted} THEN '"' || replace(${text}, '"', '""') || '"' ELSE ${text} END`;
}

function jsonSql(dialect: LineDialect, type: ColumnType, value: string): string {
  const plain = plainSql(dialect, type, value);
  switch (type) {
    case 'boolean':
    case 'unknown':
      return plain;
    case 'text':
      return dialect.jsonText(value);
    case 'integer': {
      const exact = `${value} BETWEEN -${GREATEST_EXACT} AND ${GREATEST_EXACT}`;
      return `CASE WHEN ${exact} THEN ${plain} ELSE '"' || ${value} || '"' END`;
    }
    case 'number':
      return numberSql(dialect, value, '"');
    case 'date':
    case 'timestamp':
      return `'"' || ${plain} || '"'`;
  }
}

/** A value other than a text, in the form it has in JSON, without quotes. */
function plainSql(dialect: LineDialect, type: ColumnType, value: string): string {
  switch (type) {
    case 'number':
      return numberSql(dialect, value, '');
    case 'date':
    case 'timestamp':
      return dialect.time(value, type);
    default:
      return dialect.plain(value, type);
  }
}

/** @param quote what surrounds numbers that are not finite */
function numberSql({ plain, finite, nan }: LineDialect, value: string, quote: '"' | ''): string {
  const special = (name: string) => `'${quote}${name}${quote}'`;
  return `CASE WHEN ${finite(value)} THEN ${plain(value, 'number')} WHEN ${nan(value)} THEN ${special('NaN')} WHEN ${value} > 0 THEN ${special('Infinity')} WHEN ${value} < 0 THEN ${special('-Infinity')} END`;
}
