import type { Column, ColumnType } from '../../model/columns.ts';
import { escapedFormula, FORMULA_STARTS, quotedField } from '../../model/csv-field.ts';
import type { Physical } from './physical-columns.ts';

/** A format with one line per row: the text before the first row, and a SQL expression for a row with its line feed. */
export interface Lines {
  readonly head: string;
  readonly line: string;
}

/** A value of a row, and the text before it, not SQL. */
export interface LineValue {
  readonly before: string;
  readonly value: string;
  readonly type: ColumnType;
}

/** How a database writes values as text. The strings that it is given and returns are SQL expressions, unless named otherwise. */
export interface LineDialect {
  /**
   * A row with its line feed.
   *
   * @param write a value as text, in the same way for all values of a type
   * @param end the text after the last value, not SQL
   */
  line(values: readonly LineValue[], write: (value: string, type: ColumnType) => string, end: string): string;
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
  /** What `line` is given for a value that may be null, and then has no text. */
  field(value: string): string;
}

const GREATEST_EXACT = Number.MAX_SAFE_INTEGER;

/** A line as one concatenation, in databases that skip nulls there, or with values that are never null. */
export function concatenated(
  { literal }: Pick<LineDialect, 'literal'>,
  [values, write, end]: Parameters<LineDialect['line']>,
  lineFeed: string,
): string {
  const text = (constant: string): readonly string[] => (constant === '' ? [] : [literal(constant)]);
  const pieces = values.flatMap(({ before, value, type }) => [...text(before), write(value, type)]);
  return `concat(${[...pieces, ...text(end), lineFeed].join(', ')})`;
}

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
  const values = columns.map((column, index): LineValue => {
    return { before: index === 0 ? '' : ',', value: physical(column), type: column.type };
  });
  const write = (value: string, type: ColumnType): string => {
    if (type !== 'text') return dialect.field(plainSql(dialect, type, value));
    return dialect.field(quotedSql(dialect, escapeFormulas ? escapedSql(dialect, value) : value));
  };
  return { head: `${names.join(',')}\n`, line: dialect.line(values, write, '') };
}

/** One JSON object per row, with values in the same form as in all JSON of the API. */
export function jsonLines(dialect: LineDialect, columns: readonly Column[], physical: Physical): Lines {
  const values = columns.map((column, index): LineValue => {
    const before = `${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`;
    return { before, value: physical(column), type: column.type };
  });
  const write = (value: string, type: ColumnType): string => `coalesce(${jsonSql(dialect, type, value)}, 'null')`;
  return { head: '', line: dialect.line(values, write, '}') };
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
