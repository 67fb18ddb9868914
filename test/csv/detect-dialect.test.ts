import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectDialect } from '../../src/csv/detect-dialect.ts';
import type { DialectOptions } from '../../src/csv/dialect-options.ts';
import { type ErrorCode, Problem } from '../../src/errors.ts';
import { awkwardFiles } from '../fixtures/data-files.ts';

const NONE = {
  delimiter: null,
  quote: null,
  header: null,
  skipLines: null,
  comment: null,
  escape: null,
  surplus: 'reject',
} as const;

function detect(text: string | Buffer, overrides: Partial<DialectOptions> = {}, complete = true) {
  return detectDialect(Buffer.from(text), { complete, maxColumns: 5, overrides: { ...NONE, ...overrides } });
}

function refusal(code: ErrorCode, detail: RegExp) {
  return (error: unknown) => error instanceof Problem && error.code === code && detail.test(error.detail);
}

describe('the dialect of a file', () => {
  for (const [name, delimiter] of [
    ['commas', ','],
    ['semicolons', ';'],
    ['tabs', '\t'],
    ['pipes', '|'],
  ] as const) {
    it(`is detected for ${name}, also if the text contains other delimiters`, () => {
      const rows = ['name', 'note', 'amount'].join(delimiter);
      const text = `${rows}\n${['Ann', '"a, b; c | d"', '1'].join(delimiter)}\n${['Bob', 'x', '2'].join(delimiter)}\n`;
      assert.deepEqual(detect(text).dialect, { delimiter, quote: '"', header: true });
    });
  }

  it('is semicolons if commas are decimal points', () => {
    const { dialect, columns } = detect('at;value\n2024-01-01;1,5\n2024-01-02;2,5\n');
    assert.equal(dialect.delimiter, ';');
    assert.deepEqual(columns, ['at', 'value']);
  });

  it('is semicolons if commas occur only in decimal numbers, also without a header', () => {
    assert.equal(detect('1,5;2,5\n3,5;4,25\n').dialect.delimiter, ';');
    const grouped = detect('2024-01-01;1.250,00\n2024-01-02;12,50\n2024-01-03;7,25\n');
    assert.equal(grouped.dialect.delimiter, ';');
    assert.ok(!grouped.warnings.some((text) => text.includes('as the delimiter')), String(grouped.warnings));
    assert.equal(detect('1,5;x\n3,5;y\n').dialect.delimiter, ';');
    assert.equal(detect('a,b;c,d\n1,2;3,4\n').dialect.delimiter, ',');
  });

  it('is not a delimiter with which a quote is never closed', () => {
    const rows = Array.from({ length: 30 }, (_, index) => `${index};5,"6" screw\n`).join('');
    assert.equal(detect(`no, "id;size\n${rows}`).dialect.delimiter, ';');
  });

  it('is detected without skipping lines that do not fit', () => {
    const found = detect('a,b,c\n1,2,3\n4,5\n6,7,8,9\n');
    assert.deepEqual(found.columns, ['a', 'b', 'c']);
    assert.equal(found.dataOffset, 6);
    assert.equal(found.firstDataLine, 2);
  });

  it('does not depend on a few malformed lines', () => {
    const good = Array.from({ length: 50 }, (_, index) => `${index};${index}.5;x`);
    const text = ['a;b;c', ...good, 'bad, line', '1;2', ...good, ''].join('\n');
    assert.equal(detect(text).dialect.delimiter, ';');
  });

  it('is one column if no delimiter occurs', () => {
    assert.deepEqual(detect('name\nAnn\nBob\n').columns, ['name']);
  });

  it('can be set by options', () => {
    const text = "a:b\n'x:y':2\n";
    const found = detect(text, { delimiter: ':', quote: "'" });
    assert.deepEqual(found.dialect, { delimiter: ':', quote: "'", header: true });
    assert.equal(detect('a\tb\n1\t2\n', { delimiter: 'tab' }).dialect.delimiter, '\t');
    assert.equal(detect('a,b\n"1,2\n', { quote: 'none' }).dialect.quote, '');
    assert.equal(detect('a,b\n1,2\n', { header: false }).dialect.header, false);
  });

  it('cannot be set by invalid options', () => {
    for (const delimiter of ['', 'xy', 'a', '5', '"', '\n', 'é']) {
      assert.throws(() => detect('a,b\n1,2\n', { delimiter }), refusal('upload_option_invalid', /delimiter/));
    }
    for (const quote of ['ab', 'a', '\n', 'é']) {
      assert.throws(() => detect('a,b\n1,2\n', { quote }), refusal('upload_option_invalid', /quote/));
    }
  });

  it('has the line end of the first line', () => {
    assert.equal(detect('a,b\n1,2\r\n').newline, '\n');
    assert.equal(detect('a,b\r\n1,2\n').newline, '\r\n');
    assert.equal(detect('a,b\r1,2\r').newline, '\r');
    assert.equal(detect('1,2\r').newline, '\r');
    assert.equal(detect('a,b\r"x\ny",1\r').newline, '\r');
    assert.equal(detect('a,b\rc\n1,2\n', { header: false }).newline, '\n');
    assert.equal(detect('a,"x\ry"\n1,2\n', { header: false }).newline, '\n');
  });

  it('is detected in every awkward file', () => {
    for (const { name, bytes, records } of awkwardFiles()) {
      const found = detect(bytes);
      assert.equal(found.dialect.delimiter, ',', name);
      assert.deepEqual(found.columns, Object.keys(records[0] ?? {}), name);
    }
  });
});

describe('backslashes at the end of quoted fields', () => {
  const rows = Array.from({ length: 50 }, (_, index) => `${index},"C:\\dir ${index}\\","x"\n`).join('');

  it('are text, even if the head of the file ends in a quoted field', () => {
    assert.deepEqual(detect(`n,path,t\n${rows}51,"C:\\dir\\","unfin`, {}, false).columns, ['n', 'path', 't']);
  });

  it('are text, even if another record is malformed', () => {
    assert.deepEqual(detect(`n,path,t\n${rows}51,"C:\\","x" y\n`).columns, ['n', 'path', 't']);
  });

  it('are escape characters if the records can be read only with them', () => {
    const escaped = rows.replaceAll('C:\\dir', 'say \\"hi').replaceAll('\\",', '\\"",');
    assert.throws(() => detect(`n,path,t\n${escaped}`), refusal('text_after_quote', /line 2.*escape=\\/));
    assert.throws(() => detect(`n,path,t\n${escaped}51,"unfin`, {}, false), refusal('text_after_quote', /line 2/));
  });
});

describe('a dialect that may be another one', () => {
  for (const [text, overrides, warning] of [
    ['a^b^c\n1^2^3\n', {}, /one column, 'a\^b\^c'.*delimiter=\^/],
    ['a b\n1 2\n3 4\n', {}, /contains a space.*delimiter=space/],
    ['a b\n1 2\n3\n', {}, null],
    ['time\n10:00\n11:00\n', {}, null],
    ['a^b\n1^2\n', { delimiter: ',' }, null],
    ["a,b\n1,'x'\n2,'y z'\n", {}, /fields of 'b' are in single quotes.*quote='/],
    ["a,b\n1,'x'\n2,y\n", {}, null],
    ["a,b\n1,'x'\n", { quote: '"' }, null],
  ] as const) {
    it(`is ${warning === null ? 'not ' : ''}warned of: ${JSON.stringify(text)} ${JSON.stringify(overrides)}`, () => {
      const { warnings } = detect(text, overrides);
      if (warning === null) assert.deepEqual(warnings, []);
      else assert.match(warnings.join('\n'), warning);
    });
  }
});

describe('the header of a file', () => {
  it('is the first record, unless each of its fields is a value or empty', () => {
    assert.deepEqual(detect('id,2023\n1,5\n').columns, ['id', '2023']);
    assert.deepEqual(detect('name,city\nAnn,Rome\n').columns, ['name', 'city']);
    for (const line of ['1,2.5', '2024-01-01 10:00:00,true', '-1e5,', '12/31/2020,10:00']) {
      const found = detect(`${line}\n1,2\n`);
      assert.deepEqual(found.columns, ['column_1', 'column_2'], line);
      assert.equal(found.headerText, null);
      assert.equal(found.dataOffset, 0);
    }
  });

  it('is missing if the first record has a time in a column of times', () => {
    assert.deepEqual(detect('2024-01-01 10:00:00,click\n2024-01-02 10:00:00,view\n').columns, ['column_1', 'column_2']);
    assert.deepEqual(detect('MSFT,Jan 1 2000,39.81\nMSFT,Feb 1 2000,36.35\n').columns[0], 'column_1');
    assert.deepEqual(detect('country,1/22/20,1/23/20\nFrance,0,2\n').columns, ['country', '1/22/20', '1/23/20']);
  });

  it('ends before the blank lines below it, which are rows if there is one column', () => {
    const found = detect('name\n\nAnn\n');
    assert.equal(found.dataOffset, 5);
    assert.equal(found.firstDataLine, 2);
  });

  it('does not include blank lines at the start of a file without a header', () => {
    const found = detect('\n\n7\n', { header: false });
    assert.equal(found.dataOffset, 0);
    assert.equal(found.firstDataLine, 1);
  });

  it('may contain line ends in quoted names', () => {
    const found = detect('"a\r\n",b\r\n1,2\r\n');
    assert.deepEqual(found.columns, ['a', 'b']);
    assert.equal(found.dataOffset, '"a\r\n",b\r\n'.length);
    assert.equal(found.firstDataLine, 3);
  });

  it('is refused if a quote is not closed or followed by text', () => {
    assert.throws(() => detect('\na,"b\n1,2\n'), refusal('quote_not_closed', /line 2/));
    assert.throws(() => detect('a,"b\n1,2\n', {}, false), refusal('quote_not_closed', /line 1/));
    assert.throws(() => detect('"a"x,b\n1,2\n'), refusal('text_after_quote', /line 1/));
  });

  it('may have blank lines above it and spaces around its names', () => {
    const found = detect('\n\n"first name", last \n1,2\n');
    assert.deepEqual(found.columns, ['first name', 'last']);
    assert.equal(found.firstDataLine, 4);
    assert.equal(found.dataOffset, '\n\n"first name", last \n'.length);
    assert.equal(found.headerText, '"first name", last ');
    const crlf = detect('\r\na,b\r\n1,2\r\n');
    assert.equal(crlf.dataOffset, 7);
    assert.equal(crlf.headerText, 'a,b');
    assert.deepEqual(detect('\n\r\na,b\r\n1,2\r\n').columns, ['a', 'b']);
  });

  it('is refused if a name is missing, duplicate, reserved or too long', () => {
    assert.throws(() => detect('a,b,A\n1,2,3\n'), refusal('duplicate_column', /Columns 1 and 3/));
    assert.throws(() => detect('a,,c\n1,2,3\n'), refusal('column_name_invalid', /Column 2 has no name/));
    assert.throws(() => detect('a,b,\n1,2,3\n'), refusal('column_name_invalid', /ends with a delimiter/));
    assert.throws(() => detect('a,"b\tc"\n1,2\n'), refusal('column_name_invalid', /control/));
    assert.throws(() => detect('a,_thena_upload\n1,2\n'), refusal('column_name_invalid', /_thena_/));
    assert.throws(() => detect(`a,${'x'.repeat(256)}\n1,2\n`), refusal('column_name_invalid', /255/));
  });

  it('is refused if it has more columns than a table may have', () => {
    assert.throws(() => detect('a,b,c,d,e,f\n1,2,3,4,5,6\n'), refusal('too_many_columns', /6 columns.*'f'/));
  });

  it('must be followed by rows', () => {
    assert.throws(() => detect('a,b\n'), refusal('no_rows', /header with 2 columns/));
    assert.throws(() => detect('a,b'), refusal('no_rows', /header with 2 columns/));
    // With one column, a blank line is an empty row.
    assert.equal(detect('a\n\n').dataOffset, 2);
    for (const empty of ['', '\n', '\r\n\r\n']) assert.throws(() => detect(empty), refusal('file_empty', /./));
  });
});
