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

// Numbers that a 64-bit float stores without losing a digit before the decimal point: no leading zeros, no plus sign (as in a
// telephone number), and at most 15 digits if there is no fraction.
const WHOLE = '(0|[1-9][0-9]*)';
const EXPONENT = '[eE][+-]?[0-9]+';
const EXACT_NUMBER = ` *-?((0|[1-9][0-9]{0,14})|(${WHOLE}?\\.[0-9]+|${WHOLE}\\.)(${EXPONENT})?|${WHOLE}${EXPONENT}) *`;
const WHOLE_NUMBER = ' *[+-]?[0-9]+(\\.0*)? *';

interface CastSql {
  /** The value of the text; null if it has none. */
  readonly value: string;
  /**
   * True if the text was cast to the value without loss. May be null, which means no. Empty texts are not checked: they are
   * null in every type.
   *
   * DuckDB's own casts accept too much: '1.5' becomes the BIGINT 2, '1_000' becomes 1000, '1e400' becomes infinity,
   * '2014-07-01T05:00' loses its time of day as a DATE, and TIMESTAMP drops '+02:00'.
   */
  readonly fits: string;
  /**
   * True only if `fits` is, and cheap: comparisons joined by AND that hold for almost every value in practice. An OR, which
   * `fits` needs, costs more than the comparisons it joins.
   */
  readonly surelyFits: string;
}

/**
 * How the text of a column is cast to a value of its type.
 *
 * @param exact true for the file whose values decide the types: '007' and '+49' are not numbers then. False for an existing
 *   table: its column holds numbers, so '007' is 7.
 * @param c name of the column that holds the text
 * @param v name of the column that holds the value; `value` does not use it
 */
export function castSql(
  { type, format }: { readonly type: LogicalType; readonly format: string | null },
  exact: boolean,
  c: string,
  v: string,
): CastSql {
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
      // A format with %z gives a TIMESTAMPTZ; the session's time zone is UTC.
      if (format !== null) return formatted(`CAST(${strptime(c, format)} AS TIMESTAMP)`, v);
      return {
        // TIMESTAMP would drop an offset without an error. TIMESTAMPTZ for all values makes the whole load 60% slower.
        value: `CASE WHEN contains(${c}, '+') OR ${c} LIKE '%-%-%-%' THEN CAST(TRY_CAST(${c} AS TIMESTAMPTZ) AS TIMESTAMP) ELSE TRY_CAST(${c} AS TIMESTAMP) END`,
        fits: fourDigitYear(c, v),
        surelyFits: usualYear(v),
      };
  }
}

function formatted(value: string, v: string): CastSql {
  return { value, fits: wholeYear(v), surelyFits: wholeYear(v) };
}

/**
 * True if the year is written with four digits, which excludes `epoch`, `infinity` and 12/31/20. DuckDB accepts all three as
 * times, the last one in the year 12.
 */
function fourDigitYear(c: string, v: string): string {
  return `((${wholeYear(v)} AND ${c} >= '0' AND ${c} < ':') OR (${v} IS NOT NULL AND regexp_full_match(${c}, ' *[0-9]{4}[-/].*')))`;
}

/** The same by the value only, false in case of doubt: `epoch` is 1970-01-01, `infinity` is after every year. */
function usualYear(v: string): string {
  return `${wholeYear(v)} AND ${v} < '9999-12-31' AND ${v} <> '1970-01-01'`;
}

/** Excludes 12/31/20, whose 20 %Y accepts as the year 20. */
function wholeYear(v: string): string {
  return `${v} >= '1000-01-01'`;
}

function strptime(c: string, format: string): string {
  return `TRY_STRPTIME(trim(${c}), ${literal(format)})`;
}
