import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_RECORD_BYTES } from '../../src/csv/record-problems.ts';
import { readRecords } from '../../src/csv/record-reader.ts';
import { Problem } from '../../src/errors.ts';
import { csv, cut, split, tables } from './cutting.ts';

function refusal(code: string, line: number) {
  return (error: unknown) => error instanceof Problem && error.code === code && error.extra.line === line;
}

function inPieces(text: string, size: number): readonly string[] {
  return text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
}

describe('the record cutter', () => {
  it('counts records and lines, with and without a final line end', () => {
    const counted = (pieces: readonly string[]) => {
      const { text, records, lines, reported } = cut(pieces);
      return { text, records, lines, reported };
    };
    assert.deepEqual(counted(['a,b\n1,2\n']), { text: 'a,b\n1,2\n', records: 2, lines: 2, reported: 8 });
    assert.deepEqual(counted(['a,b\n1,2']), { text: 'a,b\n1,2\n', records: 2, lines: 2, reported: 4 });
    assert.deepEqual(counted(['a,"x\r\ny\nz"\r\n\r\n1,2\r\n']), {
      text: 'a,"x\r\ny\nz"\n\n1,2\n',
      records: 2,
      lines: 5,
      reported: 16,
    });
    assert.deepEqual(counted(['']), { text: '', records: 0, lines: 0, reported: 0 });
  });

  it('ends every record with one line feed, whichever line end it had', () => {
    assert.equal(cut(['1,2\r\n3,4\n5,6\r\n']).text, '1,2\n3,4\n5,6\n');
    assert.equal(cut(['1,2\r3,4\r'], { newline: '\r' }).text, '1,2\n3,4\n');
    assert.equal(cut(['1,2\r', '\n3,4\r', '\n']).text, '1,2\n3,4\n');
    assert.equal(cut(['1,"x\r\ny"\r\n']).text, '1,"x\r\ny"\n');
  });

  it('counts a blank line as a record only if there is one column', () => {
    assert.equal(cut(['\n1,2\n\n\n3,4\n\n']).records, 2);
    assert.equal(cut(['\r\n1,2\r\n\r\n3,4\r\n']).records, 2);
    assert.equal(cut(['1\n\n2\n\n'], { columns: 1 }).records, 4);
    assert.equal(cut(['1\r\r2\r\r'], { columns: 1, newline: '\r' }).records, 4);
  });

  it('treats a quote within a field as text', () => {
    assert.equal(cut(['5" pipe,1\n6" pipe,2\n']).records, 2);
    assert.equal(cut(['1, "x\ny"\n']).records, 1);
  });

  it('removes spaces before an opening quote, and no others', () => {
    assert.equal(cut(['  "x\ny",  ""\n 1, 2 \n, \n']).text, '"x\ny",""\n 1, 2 \n, \n');
    assert.equal(cut([' ', ' ', '"x"', ',', ' ', '"y"\n', ' ']).text, '"x","y"\n \n');
  });

  it('treats every space as a delimiter if the delimiter is a space', () => {
    const { text, records } = cut([' "x\n y"  "" z\n'], { delimiter: ' ' });
    assert.equal(text, ' "x\n y"  "" z\n');
    assert.equal(records, 1);
    assert.equal(cut(['1 ', '"x\ny"\n'], { delimiter: ' ' }).records, 1);
    const [record] = readRecords(Buffer.from(text), { delimiter: ' ', quote: '"' }, 5, 1);
    assert.deepEqual(record?.fields, [null, 'x\n y', null, '', 'z']);
  });

  it('refuses a quote after a closed field, which DuckDB would silently join', () => {
    assert.throws(() => cut(['1,2\n3,"a" "b"\n']), refusal('text_after_quote', 2));
    assert.throws(() => cut(['1,2\n3,"a"', ' ', '"b\n']), refusal('text_after_quote', 2));
    assert.equal(cut(['"a" , "b"\n"a" \n"b"\n']).records, 3);
  });

  it('refuses a quote that is never closed, with the line on which it is opened', () => {
    assert.throws(() => cut(['1,2\n3,"x\n4,5\n']), refusal('quote_not_closed', 2));
    assert.throws(() => cut(['1,2\n3,"x\n', 'y\n'.repeat(MAX_RECORD_BYTES)]), refusal('record_too_long', 2));
  });

  it('refuses a carriage return on its own outside of quotes, with its line', () => {
    assert.throws(() => cut(['1,2\n3,x\ry\n']), refusal('stray_carriage_return', 2));
    assert.throws(() => cut(['1,2\n3,x\r', 'y\n']), refusal('stray_carriage_return', 2));
  });

  it('refuses a record that is too long, in one chunk or several', () => {
    const long = 'x'.repeat(MAX_RECORD_BYTES + 1);
    assert.throws(() => cut([`1,2\n3,${long}\n`]), refusal('record_too_long', 2));
    assert.throws(() => cut(['1,2\n3,', long, '\n']), refusal('record_too_long', 2));
    assert.throws(() => cut([`1,"2"\n3,${long}\n`]), refusal('record_too_long', 2));
    assert.throws(() => cut(['1,2\n\n3,', ' '.repeat(MAX_RECORD_BYTES), '"x"']), refusal('record_too_long', 3));
  });

  it('reports a record with another number of fields, however the text is divided', () => {
    for (const [text, irregular] of [
      ['a,b\n\n1,2\n', false],
      ['a,b\n1,2,\n', true],
      ['a,b\n1\n', true],
      ['a,b\n1,"x,y"\n', false],
      ['a,b\r\n"1", "x" ,\r\n', true],
      [`a,b\n1,${'x'.repeat(40_000)}\n`, false],
      [`a,b\n1,${'x'.repeat(40_000)},\n3,4`, true],
      [`a,b\n1,2\n${'x'.repeat(40_000)}`, true],
    ] as const) {
      for (const size of [1, 2, 3, 20_000, 100_000]) {
        assert.equal(cut(inPieces(text, size)).irregular, irregular, `${text.slice(0, 30)} by ${size}`);
      }
    }
  });

  it('reports text behind a quoted field, however the text is divided', () => {
    for (const [text, textAfterQuotes] of [
      ['a,b\n1,"x"\n', false],
      ['a,b\n1 ,x \n', false],
      ['a,b\n"1" ,"x"\n', true],
      ['a,b\n1,"x"  \n', true],
      ['a,b\n1,"x""y" \n', true],
      ['a,b\n1,"x "" y"\n', false],
      ['a,b\n1,"x"y\n', true],
      ['a,b\r\n"1" ,x\r\n', true],
      [`a,b\n"${'x'.repeat(40_000)}",1\n`, false],
      [`a,b\n"${'x'.repeat(40_000)}" ,1\n`, true],
    ] as const) {
      for (const size of [1, 2, 3, 20_000, 100_000]) {
        const found = cut(inPieces(text, size)).textAfterQuotes;
        assert.equal(found, textAfterQuotes, `${text.slice(0, 30)} by ${size}`);
      }
    }
  });

  it('counts one field on a blank line of a file with one column', () => {
    assert.equal(cut(['a\n\n1\n'], { columns: 1 }).irregular, false);
    assert.equal(cut(['a\n\n1,\n'], { columns: 1 }).irregular, true);
  });

  it('names the first line with a quote inside an unquoted field', () => {
    for (const [text, line] of [
      ['a,b\n1,"x ""y"""\n', null],
      ['a,b\n"1\n",2\n3,5" pipe\n4,6" pipe\n', 4],
      ['a,b\n1,  "x"\n', null],
      ['a,b\n1,say "x, y"\n', 2],
    ] as const) {
      for (const size of [1, 2, 5, 100]) {
        assert.equal(cut(inPieces(text, size)).quoteInTextOn, line, `${text} by ${size}`);
      }
    }
  });

  it('refuses a NUL byte, with its line and field', () => {
    assert.throws(() => cut(['1,2\n', '3,4\n5,\0\n']), refusal('nul_byte', 3));
    assert.throws(() => cut(['1,2\r3,4\r5,\0\r'], { newline: '\r' }), refusal('nul_byte', 3));
  });

  it('takes no longer per byte if a line has very many quotes', () => {
    const line = Buffer.from(`${'"",'.repeat(600_000)}\n`);
    const startedAt = performance.now();
    assert.equal(cut([line]).records, 1);
    const [record] = readRecords(line, { delimiter: ',', quote: '"' }, 2, 1);
    assert.equal(record?.fields.length, 600_001);
    // A few tens of milliseconds. Searching for the end of the line at every quote took 20 seconds.
    assert.ok(performance.now() - startedAt < 5000);
  });

  it('has the same result for every division into chunks', () => {
    fc.assert(
      fc.property(tables, (table) => {
        const bytes = csv(table);
        const { columns, delimiter } = table.dialect;
        const whole = cut([bytes], { columns, delimiter });
        const inPieces = cut(split(bytes, table.chunks), { columns, delimiter });
        assert.deepEqual({ ...inPieces, reported: 0 }, { ...whole, reported: 0 });
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
