import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

async function send(customer: string, file: string | Buffer, query = ''): Promise<Reply['body']> {
  return (await put(thena.url, customer, file, WAIT, query)).body;
}

interface Case {
  readonly name: string;
  readonly file: string | Buffer;
  readonly warns: RegExp;
  /** What the warning advises: options, or another file. */
  readonly remedy: { readonly query: string } | { readonly file: string };
  readonly rows: readonly unknown[][];
}

const cases: readonly Case[] = [
  {
    name: 'a first line that was taken as a row',
    file: '2020,2021\n1,2\n',
    warns: /^The first line was taken as a row, and the columns are named 'column_1', 'column_2'\..*header=true/,
    remedy: { query: '?header=true' },
    rows: [[1, 2]],
  },
  {
    name: 'a text without any column of another type',
    file: 'Paris,FR\nLondon,UK\n',
    warns: /^The first line \('Paris', 'FR'\) was taken as the header.*header=false/,
    remedy: { query: '?header=false' },
    rows: [
      ['Paris', 'FR'],
      ['London', 'UK'],
    ],
  },
  {
    name: 'letters of an encoding that is not Unicode',
    file: Buffer.from('a,b\nM\x9fller,1\n', 'latin1'),
    warns: /read as windows-1252: line 2 has 'MŸller'.*encoding=macintosh/,
    remedy: { query: '?encoding=macintosh' },
    rows: [['Müller', 1]],
  },
  {
    name: 'two delimiters that both fit',
    file: 'a;b,c\n1;2,5\n3;4,5\n',
    warns: /read with ',' as the delimiter, but every line also has 2 fields if it is ';'\..*delimiter=;\.$/,
    remedy: { query: '?delimiter=;' },
    rows: [
      [1, 2.5],
      [3, 4.5],
    ],
  },
  {
    name: 'a header that is repeated between the rows',
    file: 'a,b\nx,y\na,b\nz,w\n',
    warns: /^Line 3 repeats the header/,
    remedy: { file: 'a,b\nx,y\nz,w\n' },
    rows: [
      ['x', 'y'],
      ['z', 'w'],
    ],
  },
  {
    name: 'numbers of rows without a name, as R and pandas write them',
    file: ',a\n0,5\n1,6\n',
    warns: /^The first column has no name in the header\. It is named 'column_1'\.$/,
    remedy: { file: 'id,a\n0,5\n1,6\n' },
    rows: [
      [0, 5],
      [1, 6],
    ],
  },
  {
    name: 'lines that are in quotes as a whole',
    file: '"a,b"\n"1,2"\n"3,4"\n',
    warns: /read as one column, 'a,b', but ',' is in every line equally often.*remove these quotes/,
    remedy: { file: 'a,b\n1,2\n3,4\n' },
    rows: [
      [1, 2],
      [3, 4],
    ],
  },
];

describe('what a file leaves open', () => {
  for (const [index, { name, file, warns, remedy, rows }] of cases.entries()) {
    it(`is in the receipt, with a remedy: ${name}`, async () => {
      const customer = `doubt-${index}`;
      const { id, receipt } = await send(customer, file);
      assert.ok(
        receipt.warnings.some((text: string) => warns.test(text)),
        JSON.stringify(receipt),
      );
      await call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
      const again = await send(
        customer,
        'file' in remedy ? remedy.file : file,
        'query' in remedy ? remedy.query : undefined,
      );
      assert.ok(!again.receipt.warnings.some((text: string) => warns.test(text)), JSON.stringify(again.receipt));
      const { body } = await call(`${thena.url}/api/v1/customers/${customer}/table/rows`);
      assert.deepEqual(body.rows, rows);
    });
  }

  it('is a decimal mark that earlier files settled, although this file is likelier to have the other', async () => {
    await send('settled', 'a;b\n1,5;1\n');
    const { receipt } = await send('settled', 'a,b\n1.250,1\n');
    assert.match(
      receipt.warnings.join(' '),
      /as in earlier files: '1\.250' in line 2 is 1250\. With decimal=\. it is 1\.25/,
    );
    const other = await send('settled', 'a;b\n1.250;1\n');
    assert.deepEqual(other.receipt.warnings, []);
  });

  it('is not repeated once the table has the columns', async () => {
    await send('numbered', '5,2024-01-01\n');
    const { receipt } = await send('numbered', '6,2024-01-02\n');
    assert.deepEqual(receipt.warnings, []);
  });

  it('is no delimiter if it is a decimal comma, or not in the header', async () => {
    for (const [customer, csv] of [
      ['decimals', '1,5;2,5\n3,5;4,5\n'],
      ['lists', 'id,tags\n1,a;b\n2,c;d\n'],
    ] as const) {
      const { receipt } = await send(customer, csv);
      assert.doesNotMatch(receipt.warnings.join(' '), /as the delimiter/);
    }
  });

  it('is refused with the option that reads it: delimiters and quotes in other styles', async () => {
    for (const [customer, csv, option] of [
      ['escaped', 'a,b\nx\\,y,1\n', 'escape=\\'],
      ['single', "a,b\n'x,y',1\n'z,w',2\n", "quote='"],
    ] as const) {
      const refused = await send(customer, csv);
      assert.equal(refused.code, 'header_too_short');
      assert.ok(refused.detail.includes(`set ${option}.`), refused.detail);
      assert.equal((await send(customer, csv, `?${option}`)).status, 'complete');
    }
  });
});
