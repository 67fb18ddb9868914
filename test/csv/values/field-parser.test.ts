import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_NULLS, EvidenceCollector } from '../../../src/csv/values/column-evidence.ts';
import { fieldParserFor, REJECTED } from '../../../src/csv/values/field-parser.ts';
import { parserFor } from '../../../src/csv/values/value-parser.ts';
import type { ValueFormat } from '../../../src/model/value-format.ts';
import { FORMATS, texts } from './any-values.ts';

const two = (value: number): string => String(value).padStart(2, '0');
const digits = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength, maxLength });

/** Numbers, written as most are, or with groups of another length. */
const numbers = fc
  .tuple(
    fc.constantFrom('', '', '-'),
    fc.oneof(digits(1, 3), fc.integer({ min: 0, max: 99_999_999 }).map(String)),
    fc.constantFrom('.', ',', ' ', "'"),
    fc.array(fc.oneof(digits(3, 3), digits(2, 4)), { maxLength: 3 }),
    fc.tuple(fc.constantFrom('', '.', ','), digits(0, 4)),
  )
  .map(([sign, first, mark, groups, fraction]) => sign + [first, ...groups].join(mark) + fraction.join(''));

/** Times, around the changes of clocks in Berlin as well. */
const times = fc
  .tuple(
    fc.constantFrom('2024', '1999', '0999', '9999', '1000'),
    fc.constantFrom(1, 3, 10, 12, 13),
    fc.constantFrom(1, 2, 12, 27, 31, 32),
    fc.constantFrom('-', '/', '.', ' '),
    fc.constantFrom('ymd', 'dmy', 'mdy', 'basic', 'named'),
    fc.constantFrom('', ' ', 'T', '  ', ':'),
    fc.tuple(fc.integer({ min: 0, max: 24 }), fc.constantFrom(0, 59, 60)),
    fc.constantFrom('', ':00', ':59', ':60', ':07.5', ':07.123456', ':07.1234567', ':07.', ' PM'),
    fc.constantFrom('', '', 'Z', ' Z', ' UTC', 'GMT', ' CET', '+01:00', ' -0530', '+02', '+15:59', '+16:00', '+1:00'),
  )
  .map(([year, month, day, mark, order, between, [hour, minute], second, zone]) => {
    const parts = {
      ymd: [year, two(month), two(day)],
      dmy: [two(day), two(month), year],
      mdy: [two(month), two(day), year],
    };
    const named = [two(day), ['Jan', 'MAR', 'oct', 'Dez', 'June'][month % 5], year];
    const date =
      order === 'basic'
        ? `${year}${two(month)}${two(day)}`
        : (order === 'named' ? named : parts[order as 'ymd']).join(mark);
    return between === '' ? date : `${date}${between}${two(hour)}:${two(minute)}${second}${zone}`;
  });

const epochs = fc
  .tuple(fc.constantFrom('', '', '-'), digits(1, 22), fc.constantFrom('', '.', '.5', '.1234567'))
  .map((parts) => parts.join(''));
const words = fc.constantFrom('true', 'FALSE', 'tRue', 'trues', 'NA', '-999', '', '  ', '"', 'a"b', 'é', '\t1');
const padding = fc.constantFrom('', '', '', ' ', '  ', '\t');

interface Field {
  readonly text: string | null;
  readonly written: string;
}

const fields: fc.Arbitrary<Field> = fc
  .tuple(fc.oneof(numbers, times, epochs, words, texts), padding, padding, fc.boolean())
  .map(([value, before, behind, isQuoted]) => {
    const text = before + value + behind;
    if (isQuoted || text.startsWith('"')) return { text, written: `"${text.replaceAll('"', '""')}"` };
    return { text: text === '' ? null : text, written: text };
  })
  // Halves of characters have no bytes.
  .filter(({ written }) => written.isWellFormed());

/** Fields with something before and behind them, some of them again and again. */
const columns = fc
  .tuple(fc.array(fields, { minLength: 1, maxLength: 12 }), fc.array(fc.nat(), { maxLength: 8 }))
  .map(([some, again]) => [...some, ...again.map((at) => some[at % some.length] as Field)]);

const BERLIN: readonly ValueFormat[] = ([null, 'dmy'] as const).map((order) => ({
  type: 'timestamp',
  order,
  pattern: null,
  timeZone: 'Europe/Berlin',
}));
const EPOCHS = ['epoch_s', 'epoch_us', 'epoch_ns'].map(
  (pattern): ValueFormat => ({ type: 'timestamp', order: null, pattern, timeZone: 'UTC' }),
);
const formats = fc.constantFrom(...[...FORMATS, ...BERLIN, ...EPOCHS].filter(({ type }) => type !== 'text'));
const nulls = fc.constantFrom<readonly string[]>([], [...DEFAULT_NULLS], ['-999', 'NA'], ['20240101']);
const QUOTE = '"'.charCodeAt(0);

/** The fields of a column as they are in a file, one per line. */
function written(column: readonly Field[]): { readonly bytes: Buffer; readonly places: readonly [number, number][] } {
  let at = 1;
  const places = column.map(({ written }): [number, number] => {
    const from = at;
    at += Buffer.byteLength(written) + 1;
    return [from, at - 1];
  });
  return { bytes: Buffer.from(`-${column.map(({ written }) => written).join('-')}-`), places };
}

describe('fields that are read from their bytes', () => {
  it('have the same values as their texts, are rejected with them, and are counted with them', () => {
    let values = 0;
    fc.assert(
      fc.property(columns, formats, nulls, (column, format, nullWords) => {
        const words = new Set(nullWords);
        const expected = parserFor(format, words);
        const parser = parserFor(format, words);
        const fieldParser = fieldParserFor(format, words, parser, QUOTE);
        const { bytes, places } = written(column);
        const out = Buffer.alloc(64);
        for (const [index, { text }] of column.entries()) {
          const [from, to] = places[index] as [number, number];
          const value = expected.parse(text, index);
          const end = fieldParser.write(bytes, from, to, index, out, 5);
          if (value !== null && typeof value === 'object') assert.equal(end, REJECTED, JSON.stringify([text, format]));
          else assert.equal(out.toString('latin1', 5, end), value ?? '', JSON.stringify([text, format]));
          if (typeof value === 'string') values++;
        }
        assert.deepEqual(parser.ambiguousTimes, expected.ambiguousTimes);
      }),
      { numRuns: 10_000 },
    );
    assert.ok(values > 10_000, String(values));
  });

  it('are the same evidence as their texts', () => {
    const patterns = fc.constantFrom(null, null, 'epoch_s', 'epoch_ms', '%d.%m.%Y');
    fc.assert(
      fc.property(columns, patterns, nulls, (column, pattern, nullWords) => {
        const expected = new EvidenceCollector(new Set(nullWords), pattern);
        const found = new EvidenceCollector(new Set(nullWords), pattern);
        const { bytes, places } = written(column);
        for (const [index, { text }] of column.entries()) {
          const [from, to] = places[index] as [number, number];
          // Segments may be read in any order.
          const line = index % 5 === 4 ? 1 : index + 2;
          expected.add(text, line);
          found.addField(bytes, from, to, QUOTE, line);
        }
        assert.deepEqual(found.evidence, expected.evidence);
      }),
      { numRuns: 5_000 },
    );
  });
});
