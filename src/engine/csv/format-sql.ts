import type { LogicalType } from '../../model/columns.ts';
import { literal } from '../sql.ts';

/** DuckDB's type for each logical type. */
export const DUCKDB_TYPES: Readonly<Record<LogicalType, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  text: 'VARCHAR',
};

/** Why a text is not read as a type, as the sender is told. */
export const REFUSAL_REASONS: Readonly<Record<LogicalType, string>> = {
  integer: 'not a whole number from -9223372036854775808 to 9223372036854775807',
  number: 'not a number',
  boolean: 'not true or false',
  date: 'not a date',
  timestamp: 'not a date and time',
  text: 'not text',
};

// Numbers that a 64-bit float holds without losing a digit that was written before the point: no leading zeros, no plus
// (a telephone number has one), at most 15 digits where there is no fraction.
const WHOLE = '(0|[1-9][0-9]*)';
const EXPONENT = '[eE][+-]?[0-9]+';
const EXACT_NUMBER = ` *-?((0|[1-9][0-9]{0,14})|(${WHOLE}?\\.[0-9]+|${WHOLE}\\.)(${EXPONENT})?|${WHOLE}${EXPONENT}) *`;
const WHOLE_NUMBER = ' *[+-]?[0-9]+(\\.0*)? *';

interface ReadingSql {
  /** Reads the text; null where it cannot be read. */
  readonly value: string;
  /**
   * True where the text is read as the value without loss. May be null, which means no. An empty text is not asked
   * about: it is null, whatever the type.
   *
   * DuckDB's own casts are too willing to be trusted with this: '1.5' becomes the BIGINT 2, '1_000' becomes 1000,
   * '1e400' becomes infinity, '2014-07-01T05:00' loses its time of day as a DATE, and '+02:00' is dropped by TIMESTAMP.
   */
  readonly fits: string;
  /**
   * True only where `fits` is true, and cheap: comparisons joined by AND, true of nearly every value there is. Alternatives
   * (OR), which `fits` needs, cost more than what they compare.
   */
  readonly surelyFits: string;
}

/**
 * How a column's text becomes a value of its type.
 *
 * @param exact true for the file whose values decide the types: '007' and '+49' are then no numbers. False for a table
 *   that exists already: its column is a number, so '007' is 7.
 * @param c the text, as a column name
 * @param v the value, as a column name; `value` does not use it
 */
export function formatSql(
  { type, format }: { readonly type: LogicalType; readonly format: string | null },
  exact: boolean,
  c: string,
  v: string,
): ReadingSql {
  switch (type) {
    case 'text':
      return { value: c, fits: 'true', surelyFits: 'true' };
    case 'integer': {
      const same = `CAST(${v} AS VARCHAR) = ${c}`;
      const trimmed = `${same} OR CAST(${v} AS VARCHAR) = trim(${c})`;
      return {
        value: `TRY_CAST(${c} AS BIGINT)`,
        fits: exact ? trimmed : `${trimmed} OR (${v} IS NOT NULL AND regexp_full_match(${c}, '${WHOLE_NUMBER}'))`,
        surelyFits: same,
      };
    }
    case 'number': {
      const plain = `isfinite(${v}) AND NOT contains(${c}, '_')`;
      const pattern = `isfinite(${v}) AND regexp_full_match(${c}, '${EXACT_NUMBER}')`;
      const notFinite = `lower(trim(${c})) IN ('nan', 'inf', '-inf', 'infinity', '-infinity')`;
      const noLeadingZero = `NOT (${c} >= '00' AND ${c} < '0:') AND NOT (${c} >= '-0' AND ${c} < '-0:')`;
      const short = `${c} >= '-' AND ${c} < ':' AND strlen(${c}) <= 15 AND ${plain} AND ${noLeadingZero}`;
      return {
        value: `TRY_CAST(${c} AS DOUBLE)`,
        fits: `(${exact ? pattern : plain}) OR ${notFinite}`,
        surelyFits: exact ? short : plain,
      };
    }
    case 'boolean': {
      const fits = exact ? `lower(trim(${c})) IN ('true', 'false')` : `${v} IS NOT NULL`;
      return { value: `TRY_CAST(trim(${c}) AS BOOLEAN)`, fits, surelyFits: fits };
    }
    case 'date': {
      if (format !== null) return formatted(`CAST(${strptime(c, format)} AS DATE)`, v);
      const day = `${fourDigitYear(c, v)} AND strlen(trim(${c})) <= 10`;
      return {
        value: `TRY_CAST(${c} AS DATE)`,
        fits: exact ? day : `(${day}) OR (${fourDigitYear(c, v)} AND TRY_CAST(${c} AS TIMESTAMP) = ${v})`,
        surelyFits: `${usualYear(v)} AND strlen(${c}) <= 10`,
      };
    }
    case 'timestamp':
      // With %z it is a TIMESTAMPTZ; the session's zone is UTC.
      if (format !== null) return formatted(`CAST(${strptime(c, format)} AS TIMESTAMP)`, v);
      return {
        // TIMESTAMP would drop an offset in silence; TIMESTAMPTZ for all takes 60% more time for a whole load.
        value: `CASE WHEN contains(${c}, '+') OR ${c} LIKE '%-%-%-%' THEN CAST(TRY_CAST(${c} AS TIMESTAMPTZ) AS TIMESTAMP) ELSE TRY_CAST(${c} AS TIMESTAMP) END`,
        fits: fourDigitYear(c, v),
        surelyFits: usualYear(v),
      };
  }
}

function formatted(value: string, v: string): ReadingSql {
  return { value, fits: wholeYear(v), surelyFits: wholeYear(v) };
}

/**
 * True of a year written with four digits: not of `epoch` and `infinity`, and not of 12/31/20, all of which DuckDB would
 * read as times (the last one in the year 12).
 */
function fourDigitYear(c: string, v: string): string {
  return `((${wholeYear(v)} AND ${c} >= '0' AND ${c} < ':') OR (${v} IS NOT NULL AND regexp_full_match(${c}, ' *[0-9]{4}[-/].*')))`;
}

/** The same, told by the value alone, where that is enough: `epoch` is 1970-01-01, `infinity` is past all years. */
function usualYear(v: string): string {
  return `${wholeYear(v)} AND ${v} < '9999-12-31' AND ${v} <> '1970-01-01'`;
}

/** %Y also takes the 20 of 12/31/20, as the year 20. */
function wholeYear(v: string): string {
  return `${v} >= '1000-01-01'`;
}

function strptime(c: string, format: string): string {
  return `TRY_STRPTIME(trim(${c}), ${literal(format)})`;
}
