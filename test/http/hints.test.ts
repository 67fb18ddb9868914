import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { put, type RunningThena, startThena, WAIT } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

interface Case {
  readonly code: string;
  readonly file: string | Buffer;
  /** Default: none. */
  readonly query?: string;
  /** What the hint or the detail of the problem says. */
  readonly says: RegExp;
  /** What a reader makes of it: the options to add, or the file to send instead. */
  readonly options?: string;
  readonly fixed?: string;
  readonly rows: number;
}

const ROWS = '2024-01-01,1\n2024-01-02,2\n';
const LATIN = Buffer.from(`${'plain,text\n'.repeat(30_000)}caf\xe9,x\n`, 'latin1');

const cases: readonly Case[] = [
  {
    code: 'title_above_header',
    file: `Report\n\nday,n\n${ROWS}`,
    says: /skip_lines=2/,
    options: 'skip_lines=2',
    rows: 2,
  },
  { code: 'title_above_header', file: 'tags\na;b\nc;d\n', says: /set delimiter/, options: 'delimiter=|', rows: 2 },
  {
    code: 'header_too_short',
    file: 'a,b\n1,2,\n3,4,\n',
    says: /surplus=drop_empty/,
    options: 'surplus=drop_empty',
    rows: 2,
  },
  {
    code: 'header_too_short',
    file: 'a,b\n1,2,x\n3,4,y\n',
    says: /Add the missing name/,
    fixed: 'a,b,c\n1,2,x\n3,4,y\n',
    rows: 2,
  },
  { code: 'header_too_short', file: 'n\n1,5\n2,5\n', says: /delimiter=;/, options: 'delimiter=;', rows: 2 },
  {
    code: 'column_name_invalid',
    file: 'a,b,\n1,2\n3,4\n',
    says: /surplus=drop_empty/,
    options: 'surplus=drop_empty',
    rows: 2,
  },
  { code: 'column_name_invalid', file: 'a,b,\n1,2,3\n', says: /name is missing/, fixed: 'a,b,c\n1,2,3\n', rows: 1 },
  { code: 'duplicate_column', file: 'a,A\n1,2\n', says: /Rename one/, fixed: 'a,b\n1,2\n', rows: 1 },
  { code: 'no_rows', file: 'x,y\n', says: /header=false/, options: 'header=false', rows: 1 },
  {
    code: 'file_empty',
    file: 'a,b\n1,2\n',
    query: 'skip_lines=9',
    says: /no text below line 9/,
    options: 'skip_lines=0',
    rows: 1,
  },
  { code: 'nul_byte', file: 'a,b\n1,\x002\n', says: /strip_nul=true/, options: 'strip_nul=true', rows: 1 },
  { code: 'nul_byte', file: 'a,b\n1,\x002\n', says: /Remove the NUL bytes/, fixed: 'a,b\n1,2\n', rows: 1 },
  { code: 'text_after_quote', file: 'a,b\n1,"x \\"y\\" z"\n', says: /escape=\\/, options: 'escape=\\', rows: 1 },
  { code: 'text_after_quote', file: 'a,b\n1,"x" "y"\n', says: /Double quotes/, fixed: 'a,b\n1,"x"" ""y"\n', rows: 1 },
  { code: 'quote_not_closed', file: 'a,b\n1,"x\\""\n2,y\n', says: /escape=\\/, options: 'escape=\\', rows: 2 },
  { code: 'quote_not_closed', file: 'a,b\n1,"x\n2,y\n', says: /Close the quote/, fixed: 'a,b\n1,"x"\n2,y\n', rows: 2 },
  {
    code: 'record_too_long',
    file: `a,b\n1,"${'x'.repeat(2_100_000)}"\n2,y\n`,
    says: /Shorten the record/,
    fixed: `a,b\n1,"${'x'.repeat(1_900_000)}"\n2,y\n`,
    rows: 2,
  },
  {
    code: 'record_too_long',
    file: `a,b\n1,"x\n${'2,y\n'.repeat(600_000)}`,
    says: /quote in it is never closed/,
    fixed: 'a,b\n1,"x"\n2,y\n',
    rows: 2,
  },
  { code: 'stray_carriage_return', file: 'a,b\n1,x\ry\n', says: /Quote the field/, fixed: 'a,b\n1,"x\ry"\n', rows: 1 },
  {
    code: 'invalid_encoding',
    file: LATIN,
    says: /encoding=windows-1252/,
    options: 'encoding=windows-1252',
    rows: 30_000,
  },
  {
    code: 'upload_option_invalid',
    file: 'a\n1\n#c\n',
    query: 'comment=#',
    says: /Remove the comments/,
    fixed: 'a\n1\n',
    rows: 1,
  },
  { code: 'rows_rejected', file: 'a,b,c\n1,2,3\n4,5,6,\n', says: /on_error=skip/, options: 'on_error=skip', rows: 1 },
];

describe('the hint of a problem with a file', () => {
  for (const [index, { code, file, query = '', says, options = '', fixed, rows }] of cases.entries()) {
    const change = options || 'a corrected file';
    it(`leads from ${code} to rows, with ${change.slice(0, 40)}`, async () => {
      const send = (text: string | Buffer, given: Record<string, string>) =>
        put(thena.url, `hint-${index}`, text, WAIT, `?${new URLSearchParams(given)}`);
      const before = Object.fromEntries(new URLSearchParams(query));
      const { body: problem } = await send(file, before);
      const error = problem.error ?? problem;
      assert.equal(error.code, code, JSON.stringify(error));
      assert.match(`${error.detail} ${error.hint}`, says);
      const [name = '', ...value] = options.split('=');
      const { body } = await send(fixed ?? file, { ...before, ...(name && { [name]: value.join('=') }) });
      assert.equal(body.receipt?.appended, rows, JSON.stringify(body));
    });
  }
});
