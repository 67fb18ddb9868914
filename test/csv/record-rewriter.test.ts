import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_RECORD_BYTES } from '../../src/csv/record-problems.ts';
import { readRecords } from '../../src/csv/record-reader.ts';
import { RecordRewriter, type RewriterOptions } from '../../src/csv/record-rewriter.ts';
import { Problem } from '../../src/errors.ts';
import { chunks, cut, split } from './cutting.ts';

const PLAIN: RewriterOptions = {
  delimiter: ',',
  quote: '"',
  escape: null,
  comment: null,
  dropEmptyField: false,
  columns: 2,
  crEndsLine: false,
  firstLine: 1,
};

function rewrite(pieces: readonly (string | Buffer)[], options: Partial<RewriterOptions>): string {
  const rewriter = new RecordRewriter({ ...PLAIN, ...options });
  const parts = pieces.map((piece) => rewriter.push(Buffer.from(piece)));
  return Buffer.concat([...parts, rewriter.end()]).toString();
}

describe('the record rewriter', () => {
  for (const [what, options, text, expected] of [
    ['doubles escaped quotes', { escape: '\\' }, 'a,"b\\"c"\n', 'a,"b""c"\n'],
    ['keeps doubled quotes', { escape: '\\' }, '"a""b",c\n', '"a""b",c\n'],
    ['removes the escape of an escape', { escape: '\\' }, '"a\\\\","b\\\\\\""\n', '"a\\","b\\"""\n'],
    ['keeps an escape before other characters', { escape: '\\' }, '"C:\\new",\\N\n', '"C:\\new",\\N\n'],
    ['quotes an unquoted field', { escape: '\\' }, 'a\\,b,c\\"d"\r\n', '"a,b","c""d"""\r\n'],
    ['quotes an escaped line end', { escape: '\\' }, 'a\\\nb,c\n', '"a\nb",c\n'],
    ['keeps an escape at the end of the text', { escape: '\\' }, 'a,b\\', 'a,b\\'],
    ['makes comments blank lines', { comment: '#' }, '#x\r\na,b\n#"y\n\n #c,d\n#', '\r\na,b\n\n\n #c,d\n'],
    ['keeps comments in quotes', { comment: '#' }, 'a,"b\n#c"\n', 'a,"b\n#c"\n'],
    [
      'drops one empty field',
      { dropEmptyField: true },
      'a,b,\r\n,,\na,b\na,b,,\na,b,""\n',
      'a,b\r\n,\na,b\na,b,,\na,b\n',
    ],
    ['drops it at the end of the text', { dropEmptyField: true }, 'a,b,', 'a,b'],
    ['keeps a field with text', { dropEmptyField: true }, 'a,b,c\na,b, \n', 'a,b,c\na,b, \n'],
    ['reads carriage returns as line ends', { comment: '#', crEndsLine: true }, 'a,b\r#c\r1,2\r', 'a,b\r\r1,2\r'],
  ] as const) {
    it(`${what}, however the text is divided`, () => {
      for (const size of [1, 2, 3, 100]) {
        const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
        assert.equal(rewrite(pieces, options), expected, `by ${size}`);
      }
    });
  }

  it('results in the table that was written', () => {
    const value = fc.string({ unit: fc.constantFrom('a', ',', '"', '\\', '\n', '#', ' ', 'é', '\t'), maxLength: 6 });
    const field = fc.record({ value, quoted: fc.boolean(), doubled: fc.boolean() });
    const row = fc.record({
      fields: fc.array(field, { minLength: 3, maxLength: 3 }),
      surplus: fc.constantFrom('', ',', ',""'),
      comment: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 6 }), chunks, fc.boolean(), (rows, shares, crlf) => {
        const end = crlf ? '\r\n' : '\n';
        const written = (each: { value: string; quoted: boolean; doubled: boolean }): string => {
          const safe = each.value.replaceAll('\\', '\\\\');
          if (each.quoted || /^[# ]|^$/.test(each.value)) {
            return `"${safe.replaceAll('"', each.doubled ? '""' : '\\"')}"`;
          }
          return safe.replaceAll(/[",\n]/g, '\\$&');
        };
        const text = rows
          .map((each) => {
            const comment = each.comment ? `#" , \\ ${each.fields.length}${end}` : '';
            return `${comment}${each.fields.map(written).join(',')}${each.surplus}${end}`;
          })
          .join('');
        const pieces = split(Buffer.from(text), shares);
        const plain = rewrite(pieces, { escape: '\\', comment: '#', dropEmptyField: true, columns: 3 });
        const { text: cutText, records, lines, irregular } = cut([plain], { columns: 3 });
        const read = [...readRecords(Buffer.from(cutText), { delimiter: ',', quote: '"' }, 3, 1)];
        assert.deepEqual(
          read.map(({ fields }) => fields),
          rows.map(({ fields }) => fields.map((each) => each.value)),
          text,
        );
        assert.deepEqual([records, lines, irregular], [rows.length, text.split('\n').length - 1, false]);
      }),
      { numRuns: 3000 },
    );
  });

  it('has the same result for every division of random bytes', () => {
    const noise = fc.string({
      unit: fc.constantFrom(',', '"', '\\', '\n', '\r', '\r\n', '#', ' ', 'a'),
      maxLength: 20,
    });
    const options = fc.record({
      escape: fc.constantFrom('\\', null),
      comment: fc.constantFrom('#', null),
      dropEmptyField: fc.boolean(),
      crEndsLine: fc.boolean(),
      columns: fc.integer({ min: 2, max: 3 }),
    });
    fc.assert(
      fc.property(noise, chunks, options, (text, shares, each) => {
        const bytes = Buffer.from(text);
        assert.equal(rewrite(split(bytes, shares), each), rewrite([bytes], each));
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses a record that is too long, with the line on which it begins', () => {
    const long = 'x'.repeat(MAX_RECORD_BYTES);
    assert.throws(
      () => rewrite(['a,b\n"c\n\\"', long, long], { escape: '\\', firstLine: 5 }),
      (error) => error instanceof Problem && error.code === 'record_too_long' && error.extra.line === 6,
    );
  });
});
