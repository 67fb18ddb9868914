import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import type { Newline } from '../../src/csv/dialect.ts';
import { MAX_RECORD_BYTES, RecordCutter } from '../../src/csv/record-cutter.ts';
import { readRecords } from '../../src/csv/record-reader.ts';
import { Problem } from '../../src/errors.ts';

interface CutOptions {
  readonly columns?: number;
  readonly newline?: Newline;
  readonly delimiter?: string;
  readonly quote?: string;
}

interface CutText {
  readonly text: string;
  readonly records: number;
  readonly lines: number;
  /** Text up to the last record end that was told before the end. */
  readonly told: number;
}

/** Cuts a text that comes in the given pieces. */
function cut(pieces: readonly (string | Buffer)[], options: CutOptions = {}): CutText {
  const { columns = 2, newline = '\n', delimiter = ',', quote = '"' } = options;
  const cutter = new RecordCutter({ columns, newline, delimiter, quote, firstLine: 1 });
  const out: Buffer[] = [];
  let length = 0;
  let told = 0;
  for (const piece of pieces) {
    const { bytes, lastRecordEnd } = cutter.push(Buffer.from(piece));
    if (lastRecordEnd > 0) told = length + lastRecordEnd;
    length += bytes.length;
    out.push(Buffer.from(bytes));
  }
  out.push(cutter.end());
  return { text: Buffer.concat(out).toString(), records: cutter.records, lines: cutter.lines, told };
}

/** Splits bytes at the given places, taken as shares of the length. */
function split(bytes: Buffer, shares: readonly number[]): Buffer[] {
  const places = shares.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b);
  return [0, ...places].map((from, index) => bytes.subarray(from, places[index] ?? bytes.length));
}

function refusal(code: string, line: number) {
  return (error: unknown) => error instanceof Problem && error.code === code && error.extra.line === line;
}

// Text that is hard on a reader: delimiters, quotes, line ends, spaces and characters of several bytes.
const fieldText = fc.string({
  unit: fc.constantFrom('a', '1', ',', ';', '"', '\n', '\r\n', ' ', 'é', '€', '𝄞', "'"),
  maxLength: 6,
});
const field = fc.option(fieldText, { nil: null, freq: 5 });
const chunks = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });

const tables = fc
  .record({
    columns: fc.integer({ min: 1, max: 4 }),
    delimiter: fc.constantFrom(',', ';', '\t', '|'),
    newline: fc.constantFrom<'\n' | '\r\n'>('\n', '\r\n'),
    finalNewline: fc.boolean(),
    quoteAll: fc.boolean(),
  })
  .chain((dialect) =>
    fc.record({
      dialect: fc.constant(dialect),
      rows: fc.array(fc.array(field, { minLength: dialect.columns, maxLength: dialect.columns }), {
        minLength: 1,
        maxLength: 8,
      }),
      chunks,
    }),
  );
type Table = typeof tables extends fc.Arbitrary<infer T> ? T : never;

/** A field as RFC 4180 writes it. Null is nothing at all, '' is a pair of quotes. */
function write(value: string | null, { delimiter, quoteAll }: Table['dialect']): string {
  if (value === null) return '';
  const plain = value !== '' && !quoteAll && !/["\r\n ]/.test(value) && !value.includes(delimiter);
  return plain ? value : `"${value.replaceAll('"', '""')}"`;
}

function csv({ dialect, rows }: Table): Buffer {
  const lines = rows.map((row) => row.map((value) => write(value, dialect)).join(dialect.delimiter));
  // The last row of one empty field is lost without a line end after it: nobody can see it then.
  const end = dialect.finalNewline || lines.at(-1) === '' ? dialect.newline : '';
  return Buffer.from(lines.join(dialect.newline) + end);
}

describe('cutting CSV into records', () => {
  it('counts records and lines, with and without a final line end', () => {
    assert.deepEqual(cut(['a,b\n1,2\n']), { text: 'a,b\n1,2\n', records: 2, lines: 2, told: 8 });
    assert.deepEqual(cut(['a,b\n1,2']), { text: 'a,b\n1,2\n', records: 2, lines: 2, told: 4 });
    assert.deepEqual(cut(['']), { text: '', records: 0, lines: 0, told: 0 });
  });

  it('ends every record with one line feed, whatever ended it before', () => {
    assert.equal(cut(['1,2\r\n3,4\n5,6\r\n']).text, '1,2\n3,4\n5,6\n');
    assert.equal(cut(['1,2\r3,4\r'], { newline: '\r' }).text, '1,2\n3,4\n');
    assert.equal(cut(['1,2\r', '\n3,4\r', '\n']).text, '1,2\n3,4\n');
    assert.equal(cut(['1,"x\r\ny"\r\n']).text, '1,"x\r\ny"\n');
  });

  it('counts a blank line as a record only where there is one column', () => {
    assert.equal(cut(['\n1,2\n\n\n3,4\n\n']).records, 2);
    assert.equal(cut(['\r\n1,2\r\n\r\n3,4\r\n']).records, 2);
    assert.equal(cut(['1\n\n2\n\n'], { columns: 1 }).records, 4);
    assert.equal(cut(['1\r\r2\r\r'], { columns: 1, newline: '\r' }).records, 4);
  });

  it('takes a quote in the middle of a field as text', () => {
    assert.equal(cut(['5" pipe,1\n6" pipe,2\n']).records, 2);
    assert.equal(cut(['1, "x\ny"\n']).records, 1);
  });

  it('takes away the spaces before an opening quote, and no others', () => {
    assert.equal(cut(['  "x\ny",  ""\n 1, 2 \n, \n']).text, '"x\ny",""\n 1, 2 \n, \n');
    assert.equal(cut([' ', ' ', '"x"', ',', ' ', '"y"\n', ' ']).text, '"x","y"\n \n');
  });

  it('takes every space for a delimiter where the space is one', () => {
    const { text, records } = cut([' "x\n y"  "" z\n'], { delimiter: ' ' });
    assert.equal(text, ' "x\n y"  "" z\n');
    assert.equal(records, 1);
    const [record] = readRecords(Buffer.from(text), { delimiter: ' ', quote: '"' }, 5, 1);
    assert.deepEqual(record?.fields, [null, 'x\n y', null, '', 'z']);
  });

  it('refuses a quoted field that is closed and goes on with another quote, which DuckDB would join in silence', () => {
    assert.throws(() => cut(['1,2\n3,"a" "b"\n']), refusal('text_after_quote', 2));
    assert.throws(() => cut(['1,2\n3,"a"', ' ', '"b\n']), refusal('text_after_quote', 2));
    assert.equal(cut(['"a" , "b"\n"a" \n"b"\n']).records, 3);
  });

  it('refuses a quote that is never closed, by the line it is opened on', () => {
    assert.throws(() => cut(['1,2\n3,"x\n4,5\n']), refusal('quote_not_closed', 2));
    assert.throws(() => cut(['1,2\n3,"x\n', 'y\n'.repeat(MAX_RECORD_BYTES)]), refusal('quote_not_closed', 2));
  });

  it('refuses a carriage return on its own outside quotes, by its line', () => {
    assert.throws(() => cut(['1,2\n3,x\ry\n']), refusal('stray_carriage_return', 2));
    assert.throws(() => cut(['1,2\n3,x\r', 'y\n']), refusal('stray_carriage_return', 2));
  });

  it('refuses a record that is too long, however it comes', () => {
    const long = 'x'.repeat(MAX_RECORD_BYTES + 1);
    assert.throws(() => cut([`1,2\n3,${long}\n`]), refusal('record_too_long', 2));
    assert.throws(() => cut(['1,2\n3,', long, '\n']), refusal('record_too_long', 2));
    assert.throws(() => cut([`1,"2"\n3,${long}\n`]), refusal('record_too_long', 2));
    assert.throws(() => cut(['1,2\n\n3,', ' '.repeat(MAX_RECORD_BYTES), '"x"']), refusal('record_too_long', 3));
  });

  it('refuses a zero byte, by its line', () => {
    assert.throws(() => cut(['1,2\n', '3,4\n5,\0\n']), refusal('not_csv', 3));
    assert.throws(() => cut(['1,2\r3,4\r5,\0\r'], { newline: '\r' }), refusal('not_csv', 3));
  });

  it('takes no longer for a byte where a line holds very many quotes', () => {
    const line = Buffer.from(`${'"",'.repeat(600_000)}\n`);
    const startedAt = performance.now();
    assert.equal(cut([line]).records, 1);
    const [record] = readRecords(line, { delimiter: ',', quote: '"' }, 2, 1);
    assert.equal(record?.fields.length, 600_001);
    // Some tens of milliseconds; looking for the line's end at every quote took 20 seconds.
    assert.ok(performance.now() - startedAt < 5000);
  });

  it('gives the same, however the bytes are cut into chunks', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const bytes = csv(table);
        const { columns, delimiter } = table.dialect;
        const whole = cut([bytes], { columns, delimiter });
        const inPieces = cut(split(bytes, table.chunks), { columns, delimiter });
        assert.deepEqual({ ...inPieces, told: 0 }, { ...whole, told: 0 });
        assert.equal(
          cut(
            [...bytes].map((byte) => Buffer.from([byte])),
            { columns, delimiter },
          ).text,
          whole.text,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('what the cutter, the record reader and DuckDB make of the same bytes', () => {
  let folder: string;
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thena-csv-'));
    instance = await DuckDBInstance.create(':memory:', { threads: '1' });
    connection = await instance.connect();
  });
  after(() => {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true });
  });

  async function readByDuckDb(text: string, columns: number, delimiter: string, quote = '"') {
    const path = join(folder, 'cut.csv');
    writeFileSync(path, text);
    const names = Array.from({ length: columns }, (_, index) => `c${index}: 'VARCHAR'`);
    const quoted = `'${quote.replaceAll("'", "''")}'`;
    const reader = await connection.runAndReadAll(
      `SELECT * FROM read_csv('${path}', columns = {${names}}, auto_detect = false, header = false, new_line = '\\n', delim = '${delimiter}', quote = ${quoted}, escape = ${quoted}, nullstr = '', allow_quoted_nulls = false)`,
    );
    return reader.getRows();
  }

  it('is the table that was written', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async (table) => {
        const { columns, delimiter } = table.dialect;
        const { text, records } = cut(split(csv(table), table.chunks), { columns, delimiter });
        // A row of nothing but empty unquoted fields in one column is a blank line, which stands for it.
        assert.equal(records, table.rows.length);
        const read = [...readRecords(Buffer.from(text), { delimiter, quote: '"' }, columns, 1)];
        assert.deepEqual(
          read.map(({ fields }) => fields),
          table.rows,
        );
        assert.deepEqual(
          read.filter(({ malformed }) => malformed !== null),
          [],
        );
        assert.deepEqual(await readByDuckDb(text, columns, delimiter), table.rows);
      }),
      { numRuns: 1000 },
    );
  });

  it('is counted alike, or refused, for bytes that nobody wrote as a table', async () => {
    const dialects = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|', ' ', '^'),
      quote: fc.constantFrom('"', '"', "'", ''),
      columns: fc.integer({ min: 1, max: 3 }),
      newline: fc.constantFrom<Newline>('\n', '\r\n', '\r'),
    });
    const noise = dialects.chain((dialect) =>
      fc.record({
        dialect: fc.constant(dialect),
        text: fc.string({
          // Twice what matters most.
          unit: fc.constantFrom(
            ...[dialect.delimiter, dialect.quote || '"', dialect.newline, ' '].flatMap((each) => [each, each]),
            ...['a', 'é', '"', '\r\n', '\\', '\t'],
          ),
          maxLength: 24,
        }),
        places: chunks,
      }),
    );
    await fc.assert(
      fc.asyncProperty(noise, async ({ dialect, text, places }) => {
        const attempt = (pieces: readonly Buffer[]): CutText | string => {
          try {
            return { ...cut(pieces, dialect), told: 0 };
          } catch (error) {
            if (error instanceof Problem) return error.message;
            throw error;
          }
        };
        const bytes = Buffer.from(text);
        const result = attempt([bytes]);
        assert.deepEqual(attempt(split(bytes, places)), result);
        if (typeof result === 'string') return;
        const { columns, delimiter, quote } = dialect;
        const read = [...readRecords(Buffer.from(result.text), dialect, columns, 1)];
        assert.equal(read.length, result.records);
        const wellFormed = read.every(({ malformed, fields }) => malformed === null && fields.length === columns);
        const byDuckDb = await readByDuckDb(result.text, columns, delimiter, quote).catch(() => null);
        // What DuckDB takes must be what was counted; what is well formed it must take.
        if (byDuckDb !== null) assert.equal(byDuckDb.length, result.records);
        if (wellFormed || byDuckDb !== null) {
          assert.deepEqual(
            byDuckDb,
            // Delimiters too many at the end of a record are nothing to DuckDB, and lose nothing.
            read.map(({ fields }) =>
              fields.slice(columns).every((field) => field === null) ? fields.slice(0, columns) : fields,
            ),
          );
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('tells the line on which each record begins', () => {
    const text = 'a,"x\ny"\n\nb,2\n';
    const lines = [...readRecords(Buffer.from(text), { delimiter: ',', quote: '"' }, 2, 5)].map(({ line }) => line);
    assert.deepEqual(lines, [5, 8]);
  });

  it('is as many rows as real files have lines below their header', () => {
    const data = new URL('../../../shared/data/', import.meta.url);
    for (const [name, rows] of [
      ['nyc_taxi', 10_320],
      ['machine_temperature', 22_695],
      ['seattle-weather-hourly-normals', 8759],
      ['flights-airport', 5366],
      ['stocks', 560],
    ] as const) {
      const file = readFileSync(new URL(`${name}.csv`, data));
      const crlf = Buffer.from(file.toString().replaceAll('\n', '\r\n'));
      for (const pieces of [[file], split(file, [0.1, 0.3333, 0.7]), split(crlf, [0.25, 0.5])]) {
        const { text, records } = cut(pieces);
        assert.equal(records, rows + 1, name);
        assert.equal(text.trimEnd(), file.toString().trimEnd());
      }
    }
  });

  it('is what the corpus says', () => {
    const corpus = new URL('../../../shared/data/csv-spectrum/', import.meta.url);
    for (const name of [
      'comma_in_quotes',
      'empty',
      'escaped_quotes',
      'json',
      'location_coordinates',
      'newlines',
      'newlines_crlf',
      'quotes_and_newlines',
      'simple',
      'simple_crlf',
      'utf8',
      'empty_crlf',
    ]) {
      const file = readFileSync(new URL(`csvs/${name}.csv`, corpus), 'latin1');
      // The copies of the files with CRLF have lost their carriage returns on their way.
      const bytes = Buffer.from(name.endsWith('_crlf') ? file.replaceAll(/\r?\n/g, '\r\n') : file, 'latin1');
      const json = JSON.parse(readFileSync(new URL(`json/${name}.json`, corpus), 'utf8'));
      const expected: Record<string, string>[] = Array.isArray(json) ? json : [json];
      const names = Object.keys(expected[0] ?? {});
      const { text } = cut([bytes], { columns: names.length });
      const [, ...rows] = [...readRecords(Buffer.from(text), { delimiter: ',', quote: '"' }, names.length, 1)];
      const read = rows.map(({ fields }) => Object.fromEntries(names.map((key, index) => [key, fields[index] ?? ''])));
      // The corpus itself gives another telephone number here than its file has.
      const differs = name === 'location_coordinates' ? { 'Contact Phone Number': '2095257564' } : {};
      assert.deepEqual(
        read,
        expected.map((row) => ({ ...row, ...differs })),
        name,
      );
    }
  });
});
