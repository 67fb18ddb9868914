import fc from 'fast-check';

/** The type that the values of a column are intended to have. */
export type Kind = 'text' | 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'anything';

export interface Cell {
  /** The text of the field; null: the field is empty and unquoted. */
  readonly text: string | null;
  /** The intended date or time, in milliseconds since 1970. */
  readonly at: number | null;
}

export interface RandomTable {
  readonly kinds: readonly Kind[];
  readonly names: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly dialect: Dialect;
}

export interface Dialect {
  readonly delimiter: ',' | ';' | '\t' | '|';
  readonly newline: '\n' | '\r\n' | '\r';
  readonly finalNewline: boolean;
  readonly quoteAll: boolean;
  readonly header: boolean;
  readonly mark: boolean;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
}

const dialects: fc.Arbitrary<Dialect> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  newline: fc.constantFrom('\n', '\r\n', '\n', '\r\n', '\r'),
  finalNewline: fc.boolean(),
  quoteAll: fc.boolean(),
  header: fc.boolean(),
  mark: fc.boolean(),
  encoding: fc.constantFrom('utf-8', 'utf-8', 'utf-16le', 'utf-16be', 'windows-1252'),
});

const hardText = fc.string({
  unit: fc.constantFrom(
    'a',
    'B',
    '0',
    ',',
    ';',
    '\t',
    '|',
    '"',
    "'",
    '\\',
    '\n',
    '\r\n',
    '\r',
    ' ',
    'é',
    '€',
    '𝄞',
    '\uFEFF',
  ),
  maxLength: 8,
});
/** Texts that resemble values of other types, and must not be changed because of that. */
const likeValues = fc.constantFrom(
  ...[
    '007',
    '1e5',
    '-0',
    '+49',
    '1_000',
    '1,5',
    '.5',
    '5.',
    '0x1F',
    '1e400',
    'NaN',
    'inf',
    'null',
    'NULL',
    'NA',
    'TRUE',
    'yes',
    't',
  ],
  ...[
    '9223372036854775807',
    '9223372036854775808',
    '123456789012345678901234567890',
    '0.1',
    '0.30000000000000004',
    ' 7',
    '7 ',
  ],
  ...[
    '2024-02-30',
    '2024-01-01T00:00',
    '2024-01-01 25:00:00',
    '12/31/20',
    'epoch',
    'infinity',
    '0001-01-01',
    '2024-1-1',
    '24:00',
  ],
  ...['2024-03-31T02:30:00+02:00', '2024-01-01T00:00:00Z', '=1+1', '#1', '-- x', '', ' ', '\u00a0', 'a\u0301'],
);
const integers = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map(String);
const numbers = fc
  .oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -1e6, max: 1e6 }).map((n) => n / 100),
  )
  .map((number) => String(number))
  // JavaScript formats 1e21 as 1e+21.
  .map((text) => text.replace('e+', 'e'));

const pad = (value: number, width = 2): string => String(value).padStart(width, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DATES: readonly ((time: Date) => string)[] = [
  (time) => time.toISOString().slice(0, 10),
  (time) => `${pad(time.getUTCMonth() + 1)}/${pad(time.getUTCDate())}/${time.getUTCFullYear()}`,
  (time) => `${pad(time.getUTCDate())}/${pad(time.getUTCMonth() + 1)}/${time.getUTCFullYear()}`,
  (time) => `${pad(time.getUTCDate())}.${pad(time.getUTCMonth() + 1)}.${time.getUTCFullYear()}`,
  (time) => `${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()} ${time.getUTCFullYear()}`,
  (time) => `${time.getUTCDate()}-${MONTHS[time.getUTCMonth()]}-${time.getUTCFullYear()}`,
];
const TIMES: readonly ((time: Date) => string)[] = [
  (time) => time.toISOString(),
  (time) => time.toISOString().slice(0, 19).replace('T', ' '),
  (time) => new Date(time.getTime() + 7_200_000).toISOString().replace('Z', '+02:00'),
  ...DATES.slice(1, 4).map((date) => (time: Date) => `${date(time)} ${time.toISOString().slice(11, 19)}`),
];
const instants = fc.integer({ min: Date.UTC(1900, 0, 1) / 1000, max: Date.UTC(2199, 11, 31) / 1000 });
const MS_A_DAY = 86_400_000;

function times(formats: typeof DATES, unit: number): fc.Arbitrary<fc.Arbitrary<Cell>> {
  return fc.constantFrom(...formats).map((format) =>
    instants.map((seconds) => {
      const at = Math.floor((seconds * 1000) / unit) * unit;
      return { text: format(new Date(at)), at };
    }),
  );
}

const plain = (texts: fc.Arbitrary<string>): fc.Arbitrary<fc.Arbitrary<Cell>> =>
  fc.constant(texts.map((text) => ({ text, at: null })));

/** Ways to fill a column of each kind. All values of a date column have the same format. */
const FILLINGS: Readonly<Record<Kind, fc.Arbitrary<fc.Arbitrary<Cell>>>> = {
  text: plain(fc.oneof(hardText, fc.string({ unit: 'grapheme', maxLength: 12 }).map(withoutControls))),
  anything: plain(fc.oneof({ weight: 4, arbitrary: likeValues }, { weight: 1, arbitrary: integers })),
  integer: plain(integers),
  number: plain(numbers),
  boolean: plain(fc.constantFrom('true', 'false', 'TRUE', 'False')),
  date: times(DATES, MS_A_DAY),
  timestamp: times(TIMES, 1000),
};

function withoutControls(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Cs}/gu, '');
}

const names = fc.constantFrom('n', 'Größe', 'a b', 'select', 'x,y', 'q"q', "it's", 'ünï', 'A;B', '名前');
const columns = fc
  .constantFrom(...(Object.keys(FILLINGS) as Kind[]))
  .chain((kind) => fc.record({ kind: fc.constant(kind), cells: FILLINGS[kind], name: names, nulls: fc.boolean() }));

/** Tables of one to five columns, in the formats of various programs. */
export const randomTables: fc.Arbitrary<RandomTable> = fc
  .record({ columns: fc.array(columns, { minLength: 1, maxLength: 5 }), dialect: dialects })
  .chain(({ columns: chosen, dialect }) => {
    const nothing = fc.constantFrom<Cell>({ text: null, at: null }, { text: '', at: null });
    const row = chosen.map(({ cells, nulls }) =>
      nulls ? fc.oneof({ weight: 4, arbitrary: cells }, { weight: 1, arbitrary: nothing }) : cells,
    );
    return fc.record({
      kinds: fc.constant(chosen.map(({ kind }) => kind)),
      names: fc.constant(chosen.map(({ name }, index) => `${name}${index}`)),
      rows: fc.array(fc.tuple(...row), { minLength: 1, maxLength: 12 }),
      dialect: fc.constant(dialect),
    });
  });
