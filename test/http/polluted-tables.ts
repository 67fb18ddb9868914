import fc from 'fast-check';

export interface Style {
  readonly delimiter: string;
  readonly newline: '\n' | '\r\n' | '\r';
  readonly quoteAll: boolean;
}

/** A file with one kind of pollution. */
export interface PollutedFile {
  readonly kind: string;
  readonly text: string;
  readonly options: Readonly<Record<string, string>>;
  /** Rows that may be stored, as they are written: the original ones, and what was added in the form of a row. */
  readonly rows: readonly (readonly string[])[];
  /** The original rows that are untouched, with the line on which each begins. */
  readonly untouched: readonly { readonly row: readonly string[]; readonly line: number }[];
}

export const NAMES = ['id', 'name', 'day', 'amount'] as const;

/** A record as it is written: its text, and the original row if it is untouched. */
interface Line {
  readonly text: string;
  readonly row: readonly string[] | null;
}

type Rows = readonly (readonly string[])[];
type Place = { readonly row: number; readonly column: number; readonly at: number };

const field = (text: string, { delimiter, quoteAll }: Style): string =>
  quoteAll || /["\r\n]/.test(text) || text.includes(delimiter) ? `"${text.replaceAll('"', '""')}"` : text;
const record = (row: readonly string[], style: Style): string =>
  row.map((text) => field(text, style)).join(style.delimiter);

/** Each kind of pollution: changes the lines of a file, of which the first is the header. */
const POLLUTIONS: Readonly<
  Record<string, (lines: readonly Line[], style: Style, place: Place) => { lines: readonly Line[]; added?: Rows }>
> = {
  'surplus delimiter in a row': (lines, style, place) => changed(lines, place, splitAt(style, place, style.delimiter)),
  'missing delimiter in a row': (lines, style, place) => changed(lines, place, joined(style, place)),
  'surplus quote in a row': (lines, _, place) => changed(lines, place, (text) => inserted(text, place.at, '"')),
  'missing quote in a row': (lines, _, place) =>
    changed(lines, place, (text) => (text.includes('"') ? without(text, place.at, '"') : `"${text}`)),
  'surplus delimiter in every row': (lines, style, place) => ({
    lines: lines.map((line, index) => (index === 0 ? line : raw(splitAt(style, place, style.delimiter)(line.text)))),
  }),
  'missing delimiter in every row': (lines, style, place) => ({
    lines: lines.map((line, index) => (index === 0 ? line : raw(joined(style, place)(line.text)))),
  }),
  'surplus delimiter in the header': (lines, style, place) => ({
    lines: lines.with(0, raw(splitAt(style, place, style.delimiter)(lines[0]?.text ?? ''))),
  }),
  'missing delimiter in the header': (lines, style, place) => ({
    lines: lines.with(0, raw(joined(style, place)(lines[0]?.text ?? ''))),
  }),
  'delimiter at the end of every line': (lines, style) => ({
    lines: lines.map(({ text, row }) => ({ text: text + style.delimiter, row })),
  }),
  'preamble of a line': (lines) => ({ lines: [raw('Report of the day'), ...lines] }),
  'preamble and a blank line': (lines) => ({ lines: [raw('Report'), raw('by: Ann'), raw(''), ...lines] }),
  'footer of one field': (lines) => ({ lines: [...lines, raw('4 rows')] }),
  'footer as a row': (lines, style) => {
    const total = ['Total', '', '', '17.5'];
    return { lines: [...lines, raw(record(total, style))], added: [total] };
  },
  'header repeated': (lines, _, { row }) => ({
    lines: lines.toSpliced(row + 1, 0, raw(lines[0]?.text ?? '')),
    added: [NAMES],
  }),
  'header of two lines': (lines, style) => {
    const units = ['-', '-', 'UTC', 'EUR'];
    return { lines: lines.toSpliced(1, 0, raw(record(units, style))), added: [units] };
  },
  'second table, narrower': (lines, style) => ({
    lines: [...lines, raw(''), raw(record(['a', 'b'], style)), raw(record(['1', '2'], style))],
  }),
  'second table, wider': (lines, style) => ({
    lines: [
      ...lines,
      raw(''),
      raw(record(['a', 'b', 'c', 'd', 'e'], style)),
      raw(record(['1', '2', '3', '4', '5'], style)),
    ],
  }),
  'second table, as wide': (lines, style) => {
    const second = [
      ['code', 'city', 'since', 'size'],
      ['X1', 'Rome', '753', '2.8'],
    ];
    return { lines: [...lines, ...second.map((row) => raw(record(row, style)))], added: second };
  },
  'blank lines': (lines, _, { row }) => ({ lines: lines.toSpliced(row + 1, 0, raw(''), raw('')) }),
  'line of delimiters': (lines, style, { row }) => ({
    lines: lines.toSpliced(row + 1, 0, raw(style.delimiter.repeat(NAMES.length - 1))),
    added: [['', '', '', '']],
  }),
  // In the last field, nothing would show it.
  'row cut off': (lines, { delimiter }, { at }) => {
    const last = lines.at(-1)?.text ?? '';
    return { lines: lines.with(-1, raw(last.slice(0, at % (last.lastIndexOf(delimiter) + 1)))) };
  },
  'NUL byte': (lines, _, place) => changed(lines, place, (text) => inserted(text, place.at, '\0')),
  // In quotes it would be part of the text, and as a line end it would be another row.
  'carriage return in a row': (lines, style, place) =>
    changed(lines, place, splitAt(style, place, style.newline === '\r' ? style.delimiter : '\r')),
  'comment line': (lines, _, { row }) => ({ lines: lines.toSpliced(row + 1, 0, raw('# checked')) }),
};

function raw(text: string): Line {
  return { text, row: null };
}

/** Changes the text of one row. */
function changed(lines: readonly Line[], { row }: Place, change: (text: string) => string) {
  const index = 1 + (row % (lines.length - 1));
  return { lines: lines.with(index, raw(change(lines[index]?.text ?? ''))) };
}

function inserted(text: string, at: number, what: string): string {
  const index = at % (text.length + 1);
  return text.slice(0, index) + what + text.slice(index);
}

function without(text: string, at: number, what: string): string {
  const places = [...text.matchAll(new RegExp(what, 'g'))].map(({ index }) => index);
  const index = places[at % places.length] ?? 0;
  return text.slice(0, index) + text.slice(index + 1);
}

/** Puts a text in front of a field. */
function splitAt({ delimiter }: Style, { column }: Place, what: string): (text: string) => string {
  return (text) => {
    const starts = [0, ...delimitersOf(text, delimiter).map((index) => index + 1)];
    const index = starts[column % starts.length] ?? 0;
    return text.slice(0, index) + what + text.slice(index);
  };
}

function joined({ delimiter }: Style, { column }: Place): (text: string) => string {
  return (text) => {
    const places = delimitersOf(text, delimiter);
    const index = places[column % places.length] ?? 0;
    return text.slice(0, index) + text.slice(index + 1);
  };
}

/** Offsets of the delimiters outside of quotes. */
function delimitersOf(text: string, delimiter: string): readonly number[] {
  let isQuoted = false;
  return [...text].flatMap((character, index) => {
    if (character === '"') isQuoted = !isQuoted;
    return character === delimiter && !isQuoted ? [index] : [];
  });
}

const rows = fc.array(
  fc.record({
    name: fc.oneof(
      fc.constantFrom('Ann', 'x', 'a, b', 'c;d', 'say "hi"', '', 'two\nlines'),
      fc.stringMatching(/^[a-z]{1,6}$/),
    ),
    day: fc.integer({ min: 1, max: 28 }),
    cents: fc.integer({ min: 100, max: 99_999 }),
  }),
  { minLength: 3, maxLength: 9 },
);

const styles: fc.Arbitrary<Style> = fc.record({
  delimiter: fc.constantFrom(',', ';', '\t', '|'),
  newline: fc.constantFrom('\n', '\r\n', '\r'),
  quoteAll: fc.boolean(),
});

export const pollutedFiles: fc.Arbitrary<PollutedFile> = fc
  .record({
    values: rows,
    style: styles,
    kind: fc.constantFrom(...Object.keys(POLLUTIONS)),
    place: fc.record({ row: fc.nat(20), column: fc.nat(20), at: fc.nat(200) }),
  })
  .map(({ values, style, kind, place }) => {
    const originals = values.map(({ name, day, cents }, index) => [
      `${index + 1}`,
      name.replaceAll('\n', style.newline === '\r' ? ' ' : '\n'),
      `2024-03-${String(day).padStart(2, '0')}`,
      (cents / 100).toFixed(2),
    ]);
    const all: readonly Line[] = [
      raw(record(NAMES, style)),
      ...originals.map((row) => ({ text: record(row, style), row })),
    ];
    const polluted = POLLUTIONS[kind]?.(all, style, { ...place, row: place.row % originals.length });
    const lines = polluted?.lines ?? all;
    let line = 1;
    const untouched: { row: readonly string[]; line: number }[] = [];
    for (const { text, row } of lines) {
      if (row) untouched.push({ row, line });
      line += 1 + (text.match(/\n/g)?.length ?? 0);
    }
    return {
      kind,
      text: lines.map(({ text }) => text + style.newline).join(''),
      options: kind === 'comment line' ? { comment: '#' } : {},
      rows: [...originals, ...(polluted?.added ?? [])],
      untouched,
    };
  });
