import fc from 'fast-check';
import type { DateOrder, DecimalMark, ThousandsMark } from '../../../src/model/value-format.ts';

/** How a program writes all values of a file. */
export interface Style {
  readonly decimal: DecimalMark;
  readonly thousands: ThousandsMark | null;
  /** Of numeric dates; `ymd` with four digits of the year. */
  readonly order: DateOrder;
  readonly separator: '-' | '/' | '.' | ' ';
  readonly twoDigitYears: boolean;
  readonly named: boolean;
  readonly twelveHours: boolean;
  readonly between: ' ' | 'T' | ', ';
  /** Minutes east of UTC that are written behind a time; null: times are UTC, and nothing is written. */
  readonly offset: number | null;
  readonly null: string;
  readonly padding: string;
}

/** What a cell means: its canonical text, by which its column can be checked. */
export interface Cell {
  readonly text: string;
  readonly means: string | null;
}

export type Kind = 'integer' | 'number' | 'date' | 'timestamp' | 'boolean' | 'text';

export interface WrittenColumn {
  readonly kind: Kind;
  readonly cells: readonly Cell[];
}

export const styles: fc.Arbitrary<Style> = fc
  .record({
    decimal: fc.constantFrom('.' as const, ',' as const),
    thousands: fc.constantFrom(null, ',' as const, '.' as const, ' ' as const, "'" as const),
    order: fc.constantFrom('dmy' as const, 'mdy' as const, 'ymd' as const),
    separator: fc.constantFrom('-' as const, '/' as const, '.' as const, ' ' as const),
    twoDigitYears: fc.boolean(),
    named: fc.constantFrom(true, false, false, false),
    twelveHours: fc.boolean(),
    between: fc.constantFrom(' ' as const, ' ' as const, 'T' as const, ', ' as const),
    offset: fc.constantFrom(null, null, 0, 60, -300, 345),
    null: fc.constantFrom('', '', 'NA', 'NULL', '-', '\\N'),
    padding: fc.constantFrom('', '', '', ' '),
  })
  .map((style) => ({
    ...style,
    thousands: style.thousands === style.decimal ? null : style.thousands,
    twoDigitYears: style.twoDigitYears && style.separator !== ' ',
  }));

function group(digits: string, mark: ThousandsMark | null): string {
  return mark === null ? digits : digits.replace(/\B(?=(\d{3})+$)/g, mark);
}

export function writeInteger(value: bigint, style: Style): Cell {
  const digits = group(String(value < 0n ? -value : value), style.thousands);
  return { text: (value < 0n ? '-' : '') + digits, means: String(value) };
}

/** @param value whole, divided by a power of ten. Written with all of its decimals, zeros as well. */
export function writeNumber(value: number, decimals: number, style: Style): Cell {
  const [whole = '', fraction] = (Math.abs(value) / 10 ** decimals).toFixed(decimals).split('.');
  const sign = value < 0 ? '-' : '';
  const text = sign + group(whole, style.thousands) + (fraction === undefined ? '' : style.decimal + fraction);
  return { text, means: `${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}` };
}

const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function writeDay(day: Date, style: Style): string {
  const [y, m, d] = [day.getUTCFullYear(), day.getUTCMonth() + 1, day.getUTCDate()];
  const year = style.twoDigitYears ? two(y % 100) : String(y);
  if (style.named) return style.order === 'mdy' ? `${MONTHS[m - 1]} ${d}, ${year}` : `${d}-${MONTHS[m - 1]}-${year}`;
  const parts = { dmy: [two(d), two(m), year], mdy: [two(m), two(d), year], ymd: [year, two(m), two(d)] };
  return parts[style.order].join(style.separator);
}

export function writeDate(days: number, style: Style): Cell {
  const day = new Date(days * 86_400_000);
  return { text: writeDay(day, style), means: day.toISOString().slice(0, 10) };
}

export function writeTimestamp(seconds: number, style: Style): Cell {
  const local = new Date((seconds + (style.offset ?? 0) * 60) * 1000);
  const [h, m, s] = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()];
  const clock = style.twelveHours
    ? `${h % 12 || 12}:${two(m)}:${two(s)} ${h < 12 ? 'AM' : 'PM'}`
    : `${two(h)}:${two(m)}:${two(s)}`;
  const { offset } = style;
  const size = Math.abs(offset ?? 0);
  const zone =
    offset === null
      ? ''
      : offset === 0
        ? 'Z'
        : `${offset < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  const text = `${writeDay(local, style)}${style.between}${clock}${zone}`;
  return { text, means: new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ') };
}

// Years of two digits begin with 1970, also five hours west of UTC.
const days = fc.integer({ min: 2, max: 25_000 });

/** Values of a column in a file of this style, of any kind. */
export function columns(style: Style, rows: number): fc.Arbitrary<WrittenColumn> {
  return fc.oneof(...Object.values(columnsByKind(style, rows)));
}

/** Small numbers and near days are as likely as others: they are ambiguous more often. */
export function columnsByKind(style: Style, rows: number): Readonly<Record<Kind, fc.Arbitrary<WrittenColumn>>> {
  const cells = (kind: Kind, cell: fc.Arbitrary<Cell>): fc.Arbitrary<WrittenColumn> =>
    fc
      .array(
        fc.oneof(
          { weight: 9, arbitrary: cell },
          { weight: 1, arbitrary: fc.constant({ text: style.null, means: null }) },
        ),
        {
          minLength: rows,
          maxLength: rows,
        },
      )
      .map((written) => ({ kind, cells: written.map(({ text, means }) => ({ text: text + style.padding, means })) }));
  const integer = fc.oneof(fc.integer({ min: -9999, max: 99_999 }).map(BigInt), fc.bigInt(-(2n ** 53n), 2n ** 53n));
  const size = fc.oneof(fc.integer({ min: -9_999, max: 9_999 }), fc.integer({ min: -(10 ** 9), max: 10 ** 9 }));
  const number = fc.integer({ min: 0, max: 4 }).chain((decimals) =>
    cells(
      'number',
      size.map((value) => writeNumber(value, decimals, style)),
    ),
  );
  const fewDays = fc
    .tuple(days, fc.integer({ min: 1, max: 40 }))
    .chain(([first, span]) => fc.constant({ first, span }));
  const date = fewDays.chain(({ first, span }) =>
    cells(
      'date',
      fc.integer({ min: first, max: first + span }).map((day) => writeDate(day, style)),
    ),
  );
  const timestamp = fewDays.chain(({ first, span }) =>
    cells(
      'timestamp',
      fc
        .integer({ min: first * 86_400, max: (first + span) * 86_400 })
        .map((seconds) => writeTimestamp(seconds, style)),
    ),
  );
  const boolean = cells(
    'boolean',
    fc.boolean().map((value) => ({ text: value ? 'True' : 'false', means: String(value) })),
  );
  const word = fc.constantFrom('Berlin', 'A-17', 'x', 'n/a', 'NA', '47E0021', '007', '+49 30 123', 'Q1', '10:30');
  const text = cells(
    'text',
    word.map((value) => ({ text: value, means: value })),
  );
  return {
    integer: cells(
      'integer',
      integer.map((value) => writeInteger(value, style)),
    ),
    number,
    date,
    timestamp,
    boolean,
    text,
  };
}
