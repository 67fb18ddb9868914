import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { detectDialect } from '../../src/csv/detect-dialect.ts';
import type { DialectOptions } from '../../src/csv/dialect-options.ts';
import { RecordCutter } from '../../src/csv/record-cutter.ts';
import { readRecords } from '../../src/csv/record-reader.ts';
import { RecordRewriter } from '../../src/csv/record-rewriter.ts';
import { Problem } from '../../src/errors.ts';

const NAMES = ['id', 'name', 'day', 'note', 'amount'];
const ROWS = Array.from({ length: 12 }, (_, index) => [
  `${index + 1}`,
  `name ${index}`,
  `2024-01-${10 + index}`,
  `a, "b" ${index}`,
  `${index}.5`,
]);
const WIDTH = NAMES.length;

type Written = readonly (readonly string[])[];

function write(rows: Written, { delimiter = ',', quote = '"', end = '\n' } = {}): string {
  const field = (text: string): string =>
    /[",;|\t'\n]/.test(text) ? quote + text.replaceAll(quote, quote + quote) + quote : text;
  return rows.map((row) => row.map(field).join(delimiter) + end).join('');
}

/** What would be loaded of a file with `on_error=skip`, or the problem it is refused with. */
function read(text: string, overrides: Partial<DialectOptions> = {}) {
  const none = { delimiter: null, quote: null, header: null, skipLines: null, comment: null, escape: null };
  const head = Buffer.from(text);
  try {
    const options = {
      complete: true,
      maxColumns: 50,
      overrides: { ...none, surplus: 'reject' as const, ...overrides },
    };
    const { dialect, layout, newline, columns, dataOffset, firstDataLine } = detectDialect(head, options);
    const common = { ...dialect, columns: columns.length, firstLine: firstDataLine };
    const { comment, emptyFieldDropped: dropEmptyField } = layout;
    const rewriting = { comment, escape: layout.escape, dropEmptyField, crEndsLine: newline === '\r' };
    const rewriter = new RecordRewriter({ ...common, ...rewriting });
    const cutter = new RecordCutter({ ...common, newline });
    const plain = Buffer.concat([rewriter.push(head.subarray(dataOffset)), rewriter.end()]);
    const cut = Buffer.concat([cutter.push(plain).bytes, cutter.end()]);
    const records = [...readRecords(cut, dialect, columns.length, firstDataLine)];
    const isRow = ({ malformed, fields }: (typeof records)[number]): boolean =>
      malformed === null && fields.length === columns.length;
    const rows = records.filter(isRow).map(({ fields }) => fields.map((field) => field ?? ''));
    return {
      columns,
      rows,
      rejected: records.length - rows.length,
      quoteInTextOn: cutter.quoteInTextOn,
      problem: null,
    };
  } catch (error) {
    if (error instanceof Problem)
      return { columns: [], rows: [], rejected: 0, quoteInTextOn: null, problem: error.code };
    throw error;
  }
}

/** Fails if a row is loaded that is not one of these. */
function assertNoneChanged(text: string, rows: Written, overrides: Partial<DialectOptions> = {}): void {
  const found = read(text, overrides);
  const known = new Set(rows.map((row) => JSON.stringify(row)));
  const changed = found.rows.filter((row) => !known.has(JSON.stringify(row)));
  if (found.problem === null) assert.deepEqual(found.columns, NAMES, text);
  // A quote inside an unquoted field is text: the receipt warns of it.
  if (found.quoteInTextOn === null) assert.deepEqual(changed, [], text);
}

const lines = (rows: Written): string[] =>
  write([NAMES, ...rows])
    .trimEnd()
    .split('\n');

describe('a polluted file', () => {
  it('is read exactly with every delimiter, quote and line end that is named or can be detected', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      for (const delimiter of [',', ';', '\t', '|', '^', ':', ' ']) {
        for (const quote of ['"', "'"]) {
          const text = write([NAMES, ...ROWS], { delimiter, quote, end }).replaceAll('name ', 'name');
          if (delimiter === ' ') continue;
          const detected = [',', ';', '\t', '|'].includes(delimiter);
          const options = { ...(!detected && { delimiter }), ...(quote !== '"' && { quote }) };
          const { columns, rows } = read(text, options);
          assert.deepEqual(columns, NAMES);
          assert.deepEqual(
            rows,
            ROWS.map((row) => row.map((value) => value.replace('name ', 'name'))),
          );
        }
      }
    }
  });

  it('loses no other row to a surplus or a missing delimiter', () => {
    for (let line = 0; line <= ROWS.length; line++) {
      for (let column = 0; column < WIDTH; column++) {
        const of = (text: (fields: readonly string[]) => string): string => {
          const all = [NAMES, ...ROWS].map((row) => write([row]).trimEnd());
          const fields = ([NAMES, ...ROWS][line] ?? []).map((value) => write([[value]]).trimEnd());
          return `${all.with(line, text(fields)).join('\n')}\n`;
        };
        const surplus = of((fields) => fields.toSpliced(column, 0, '').join(','));
        const missing = of((fields) => fields.map((field, index) => field + (index === column ? '' : ',')).join(''));
        for (const text of [
          surplus,
          column < WIDTH - 1 ? missing.replace(/,$/gm, '') : `${lines(ROWS).join('\n')}\n`,
        ]) {
          if (line === 0 && read(text).problem === null) continue;
          assertNoneChanged(text, ROWS);
          const { problem, rows } = read(text);
          if (line > 0 && problem === null) assert.ok(rows.length >= ROWS.length - 1, text);
        }
      }
    }
  });

  it('changes no other row by a surplus or a missing quote', () => {
    const text = `${lines(ROWS).join('\n')}\n`;
    for (let at = text.indexOf('\n') + 1; at < text.length; at++) {
      const line = text.slice(0, at).split('\n').length - 2;
      const before = ROWS.slice(0, Math.max(0, line));
      for (const polluted of [
        `${text.slice(0, at)}"${text.slice(at)}`,
        ...(text[at] === '"' ? [text.slice(0, at) + text.slice(at + 1)] : []),
      ]) {
        const { rows, problem } = read(polluted);
        // The rows above the quote are never touched.
        if (problem === null) assert.deepEqual(rows.slice(0, before.length), before, polluted);
      }
    }
  });

  it('is read exactly below lines that are no table, once these are skipped', () => {
    const table = write([NAMES, ...ROWS]);
    for (const above of [
      'Report\n',
      'Report\n\n',
      'Report, 2024\n\n',
      '"a\nb"\n',
      'Report\nby Ann, Bob\n',
      '\n\nReport "2\n',
    ]) {
      const { problem } = read(above + table);
      assert.match(problem ?? '', /^(title_above_header|quote_not_closed|text_after_quote)$/, above);
      const skipLines = above.split('\n').length - 1;
      assert.deepEqual(read(above + table, { skipLines }).rows, ROWS);
    }
  });

  it('rejects a footer and a second table, or is refused', () => {
    const table = write([NAMES, ...ROWS]);
    for (const below of [
      'Total\n',
      '\n12 rows\n',
      '\nTotal,,,6\n',
      '\n\na,b\n1,2\n3,4\n',
      'a,b,c,d,e,f\n1,2,3,4,5,6\n',
    ]) {
      assert.deepEqual(read(table + below).rows, ROWS, below);
      assert.ok(read(table + below).rejected > 0);
    }
    assert.deepEqual(read(`x,y\n1,2\n\n${table}`).problem, 'title_above_header');
  });

  it('is not stored under a header of several lines without a word', () => {
    const table = write(ROWS);
    assert.equal(read(`id,"na\nme",day,note,amount\n${table}`).problem, 'column_name_invalid');
    assert.equal(read(`Group A,Group B\n${write([NAMES])}${table}`).problem, 'title_above_header');
    // A second line with as many fields is a row: the types of the columns show it.
    assert.deepEqual(read(`${write([NAMES, ['-', '-', '-', 'x', 'EUR']])}${table}`).rows[0], [
      '-',
      '-',
      '-',
      'x',
      'EUR',
    ]);
  });
});
