import { Problem } from '../../errors.ts';
import type { LogicalType } from '../../model/columns.ts';
import type { DateOrder, DecimalMark, ThousandsMark } from '../../model/value-format.ts';
import { DEFAULT_NULLS } from './column-evidence.ts';
import { compileFormat, KNOWN_DIRECTIVES } from './declared-format.ts';
import { localTimesOf } from './time-zone.ts';

/** What an upload or a customer declares of one column; null: not declared. */
export interface DeclaredColumn {
  readonly type: LogicalType | null;
  /** A strptime format or `epoch_s`, `epoch_ms`, `epoch_us`, `epoch_ns`: see `compileFormat`. */
  readonly pattern: string | null;
  readonly timeZone: string | null;
  /** As the request has it, for responses. */
  readonly name?: string;
}

/** How values are to be read, as declared by an upload and its customer; null: found from the values. */
export interface ValueOptions {
  readonly decimal: DecimalMark | null;
  readonly thousands: ThousandsMark | 'none' | null;
  readonly nulls: readonly string[] | null;
  readonly timeZone: string | null;
  readonly order: DateOrder | null;
  /** Which columns of the table become text if their type does not fit: all (`text`), or those of these names, in lower case. */
  readonly widen: 'text' | readonly string[] | null;
  /** By column name, in lower case. */
  readonly columns: Readonly<Record<string, DeclaredColumn>>;
}

export const NO_OPTIONS: ValueOptions = {
  decimal: null,
  thousands: null,
  nulls: null,
  timeZone: null,
  order: null,
  widen: null,
  columns: {},
};

type DeclaredColumns = ValueOptions['columns'];

/**
 * What is declared of the columns of an upload's file. A column that the upload declares has the upload's format, or none.
 *
 * @param timeZone of the upload: it counts before the one that the customer has declared for a column
 */
export function columnsFor(
  upload: DeclaredColumns,
  customer: DeclaredColumns,
  timeZone: string | null,
): DeclaredColumns {
  const names = new Set([...Object.keys(upload), ...Object.keys(customer)]);
  const columns = [...names].map((name) => {
    const own = Object.hasOwn(upload, name) ? upload[name] : undefined;
    const general = declaredColumn({ columns: customer }, name);
    const type = own?.type ?? general.type;
    const pattern = own === undefined ? general.pattern : own.pattern;
    return [name, { type, pattern, timeZone: own?.timeZone ?? timeZone ?? general.timeZone }] as const;
  });
  return Object.fromEntries(columns);
}

const NOT_DECLARED: DeclaredColumn = { type: null, pattern: null, timeZone: null };

export function declaredColumn({ columns }: Pick<ValueOptions, 'columns'>, name: string): DeclaredColumn {
  const folded = name.toLowerCase();
  return Object.hasOwn(columns, folded) ? (columns[folded] ?? NOT_DECLARED) : NOT_DECLARED;
}

export function nullsOf({ nulls }: Pick<ValueOptions, 'nulls'>): ReadonlySet<string> {
  return nulls === null ? DEFAULT_NULLS : new Set(nulls);
}

function invalid(option: string, text: string, allowed: string): Problem {
  return new Problem('upload_option_invalid', `${option} is '${text.slice(0, 40)}'; it must be ${allowed}.`, {
    option,
  });
}

/** @throws Problem upload_option_invalid */
export function decimalOption(text: string): DecimalMark {
  const name = text.toLowerCase();
  const mark = name === 'point' ? '.' : name === 'comma' ? ',' : text;
  if (mark === '.' || mark === ',') return mark;
  throw invalid('decimal', text, "'.' (or point) or ',' (or comma)");
}

const THOUSANDS: Readonly<Record<string, ThousandsMark | 'none'>> = {
  none: 'none',
  '': 'none',
  comma: ',',
  ',': ',',
  point: '.',
  '.': '.',
  space: ' ',
  ' ': ' ',
  apostrophe: "'",
  "'": "'",
  '’': "'",
};

/** @throws Problem upload_option_invalid */
export function thousandsOption(text: string): ThousandsMark | 'none' {
  const name = text.toLowerCase();
  const mark = Object.hasOwn(THOUSANDS, name) ? THOUSANDS[name] : undefined;
  if (mark !== undefined) return mark;
  throw invalid('thousands', text, "one of ',' '.' ' ' ' (or comma, point, space, apostrophe), or none");
}

/** @throws Problem upload_option_invalid if both marks are the same */
export function checkMarks({ decimal, thousands }: Pick<ValueOptions, 'decimal' | 'thousands'>): void {
  if (decimal === null || decimal !== thousands) return;
  throw new Problem('upload_option_invalid', `decimal and thousands are both '${decimal}'.`, { option: 'thousands' });
}

const MAX_NULLS = 100;

/** A list separated by commas; nothing: no word means null. @throws Problem upload_option_invalid */
export function nullsOption(text: string): readonly string[] {
  const words = text.split(',').map((word) => word.trim());
  const nulls = words.filter((word) => word !== '');
  if (nulls.length <= MAX_NULLS && nulls.every((word) => word.length <= 64)) return nulls;
  throw invalid('nulls', text, `at most ${MAX_NULLS} words of at most 64 characters, separated by commas`);
}

/** @throws Problem upload_option_invalid */
export function orderOption(text: string): DateOrder {
  const order = text.toLowerCase();
  if (order === 'dmy' || order === 'mdy' || order === 'ymd') return order;
  throw invalid('date_order', text, 'dmy, mdy or ymd');
}

/** `text`, or `text:` and names of columns, separated by commas; `none` is null. @throws Problem upload_option_invalid */
export function widenOption(text: string): ValueOptions['widen'] {
  if (text.trim().toLowerCase() === 'none') return null;
  const [type = '', ...rest] = text.split(':');
  const names = rest
    .join(':')
    .split(',')
    .map((name) => name.trim().toLowerCase());
  if (type.trim().toLowerCase() === 'text') {
    if (rest.length === 0) return 'text';
    if (names.every((name) => name !== '')) return names;
  }
  throw invalid('widen', text, 'text, text: and names of columns separated by commas, or none');
}

/** Whether a column of the table becomes text if its type does not fit. */
export function widensToText({ widen }: Pick<ValueOptions, 'widen'>, name: string): boolean {
  return widen === 'text' || (widen?.includes(name.toLowerCase()) ?? false);
}

/** @returns the zone's name as the time zone database writes it. @throws Problem time_zone_unknown */
export function timeZoneOption(text: string): string {
  try {
    // Names only: Temporal also takes the zone of an offset, or of a time such as T10Z.
    if (!/^[A-Za-z]/.test(text)) throw new RangeError(text);
    new Intl.DateTimeFormat('en', { timeZone: text });
    localTimesOf(text);
    return Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(text).timeZoneId;
  } catch (cause) {
    throw new Problem('time_zone_unknown', `There is no time zone '${text.slice(0, 40)}'.`, {}, { cause });
  }
}

/** The options of an upload are part of every response about it. */
const MAX_FORMAT_LENGTH = 200;

/**
 * Checks a declared column.
 *
 * @throws Problem time_format_unknown if its format is invalid, or its type has none
 */
export function checkDeclared(name: string, { type, pattern }: DeclaredColumn): void {
  if (pattern === null) return;
  const shown = `Column '${name}' is declared with the format '${pattern.slice(0, 80)}'.`;
  if (type !== null && type !== 'date' && type !== 'timestamp')
    throw new Problem('time_format_unknown', `${shown} A column of type ${type} has none.`);
  if (pattern.length > MAX_FORMAT_LENGTH) {
    const detail = `${shown} It has ${pattern.length} characters; the maximum is ${MAX_FORMAT_LENGTH}.`;
    throw new Problem('time_format_unknown', detail);
  }
  const format = compileFormat(pattern);
  if ('problem' in format)
    throw new Problem('time_format_unknown', `${shown} ${format.problem} Known are ${KNOWN_DIRECTIVES}.`);
  if (type !== null && !format.hasDay) throw new Problem('time_format_unknown', `${shown} It has no day.`);
}
