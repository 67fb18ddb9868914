import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { childOf, peakBytes } from '../../harness/process-memory.ts';
import { call, put, type RunningThena, startThena, WAIT } from '../server.ts';

describe('what a text means', () => {
  let thena: RunningThena;
  let customers = 0;
  before(async () => {
    thena = await startThena({ THENA_MAX_COLUMNS: '200' });
  });
  after(() => thena.close());

  async function send(customer: string, csv: string, query = '') {
    const { body } = await put(thena.url, customer, csv, WAIT, query);
    return body;
  }

  /** Sends files to a new customer. @returns the last upload */
  async function sendAll(files: readonly string[], query = '') {
    const customer = `reading-${customers++}`;
    for (const csv of files.slice(0, -1)) assert.equal((await send(customer, csv)).status, 'complete', csv);
    return { customer, upload: await send(customer, files.at(-1) as string, query) };
  }

  async function rowsOf(customer: string): Promise<readonly unknown[][]> {
    const { body } = await call(`${thena.url}/api/v1/customers/${customer}/table/rows`);
    return body.rows;
  }

  /** Files in the order in which they are sent, and the rows that they are. */
  const stored: readonly [string, readonly string[], readonly unknown[][]][] = [
    [
      'offsets behind dates with slashes',
      ['at,n\n2024/11/03 01:30:00-04:00,1\n2024/11/03 01:30:00-05:00,2\n'],
      [
        ['2024-11-03T05:30:00Z', 1],
        ['2024-11-03T06:30:00Z', 2],
      ],
    ],
    ['offsets behind dates with dots', ['at,n\n31.12.2024 23:30:00 +0100,1\n'], [['2024-12-31T22:30:00Z', 1]]],
    [
      'a column of article numbers with an E',
      ['art,n\n47E0021,1\n48E1,2\n'],
      [
        ['47E0021', 1],
        ['48E1', 2],
      ],
    ],
    [
      'digits, E, digits',
      ['art,n\n1e5,1\n2e6,2\n'],
      [
        ['1e5', 1],
        ['2e6', 2],
      ],
    ],
    ['decimal commas proven by another column', ['a;b\n1.250;2.418,75\n'], [[1250, 2418.75]]],
    [
      'decimal commas proven by a later value',
      ['a;b\n1.250;x\n3,5;y\n'],
      [
        [1250, 'x'],
        [3.5, 'y'],
      ],
    ],
    [
      'words that mean null',
      ['a,n\nNA,1\n5,2\n'],
      [
        [null, 1],
        [5, 2],
      ],
    ],
    [
      'a hyphen that means null',
      ['a,n\n1.5,1\n-,2\n'],
      [
        [1.5, 1],
        [null, 2],
      ],
    ],
    [
      'days first, proven by the first file',
      ['d,n\n13/4/2024,1\n', 'd,n\n5/6/2024,2\n'],
      [
        ['2024-04-13', 1],
        ['2024-06-05', 2],
      ],
    ],
    [
      'months first, proven by the last value',
      ['d,n\n5/6/2024,1\n5/13/2024,2\n'],
      [
        ['2024-05-06', 1],
        ['2024-05-13', 2],
      ],
    ],
  ];
  for (const [name, files, rows] of stored) {
    it(`is read without loss: ${name}`, async () => {
      const { customer, upload } = await sendAll(files);
      assert.equal(upload.status, 'complete', JSON.stringify(upload.error));
      assert.deepEqual(await rowsOf(customer), rows);
    });
  }

  const rejected: readonly [string, readonly string[], string, string][] = [
    ['leading zeros in a later file', ['zip,n\n123,1\n', 'zip,n\n03045,2\n'], '03045', 'leading_zero'],
    ['plus signs in a later file', ['tel,n\n49123,1\n', 'tel,n\n+49124,2\n'], '+49124', 'leading_plus'],
    [
      'integers past 2^53 among numbers',
      ['x,n\n1.5,1\n', 'x,n\n9007199254740993,2\n'],
      '9007199254740993',
      'too_many_digits',
    ],
    ['decimals past 2^53', ['x,n\n1.5,1\n', 'x,n\n9007199254740993.0,2\n'], '9007199254740993.0', 'too_many_digits'],
    ['the other order of days', ['d,n\n13/4/2024,1\n', 'd,n\n4/13/2024,2\n'], '4/13/2024', 'other_date_order'],
    ['days that do not exist', ['d,n\n2024-01-01,1\n', 'd,n\n2024-02-30,2\n'], '2024-02-30', 'no_such_day'],
    ['decimals among integers past 2^53', ['i,n\n9007199254740993,1\n', 'i,n\n2.5,2\n'], '2.5', 'has_fraction'],
    ['a surplus field that is empty', ['a,b\nx,1\n', 'a,b\nx,y,\nz,2\n'], 'x,y,', 'wrong_field_count'],
  ];
  for (const [name, files, text, code] of rejected) {
    it(`is rejected rather than changed: ${name}`, async () => {
      const { upload } = await sendAll(files);
      assert.equal(upload.error?.code, 'rows_rejected');
      assert.deepEqual(
        upload.error.rejects.map((row: { text: string; code: string }) => [row.text, row.code]),
        [[text, code]],
      );
    });
  }

  const warned: readonly [string, string, string, RegExp][] = [
    [
      'a total at the end',
      'd,n\n2024-01-01,1\n2024-01-02,2\nTotal,3\n',
      'text',
      /'d' is text: 1 of 3 values.*Line 4: 'Total'/,
    ],
    ['a second header', 'x,n\n1.5,1\n2.5,2\nx,n\n', 'text', /'x' is text: 1 of 3 values.*Line 4: 'x'/],
    [
      'a number that a float does not keep',
      'x,n\n1.5,1\n9007199254740993.0,2\n',
      'text',
      /'x' is text: 1 of 2.*Line 3/,
    ],
    ['null words', 'x,n\n1.5,1\nn/a,2\nN/A,3\n', 'text', /'x' is text: 1 of 2.*'n\/a'/],
    ['an empty column', 'x,n\n,1\n,2\n', 'unknown', /'x' has no value yet/],
    [
      'times without an offset',
      'x,n\n2024-01-01 10:00:00,1\n',
      'timestamp',
      /'x' has times without an offset, read as UTC/,
    ],
    [
      'names of time zones',
      'x,n\n2024-11-03 01:30:00 EST,1\n2024-11-03 02:30:00 EDT,2\n',
      'text',
      /'x' is text: '2024-11-03 01:30:00 EST' in line 2 has the name of a time zone.*such as \+01:00/,
    ],
    ['currency signs', 'x;n\n1.250,00 €;1\n', 'text', /'x' is text: '1.250,00 €' in line 2 has a currency sign/],
    [
      'a negative number in parentheses',
      'x,n\n(5),1\n6,2\n7,3\n',
      'text',
      /1 of 3 values is not a whole number\. Line 2: '\(5\)' is in parentheses/,
    ],
    [
      'times of 14 digits',
      'x,n\n20240101120000,1\n20240101120001,2\n',
      'integer',
      /may be 2024-01-01 12:00:00\. columns=x:%Y%m%d%H%M%S reads them as times/,
    ],
    ['local times', 'x,n\n1 Feb 2024 10:00,1\n', 'timestamp', /'x' has times without an offset, read as UTC/],
  ];
  for (const [name, csv, type, sentence] of warned) {
    it(`is reported in the receipt: ${name}`, async () => {
      const { upload } = await sendAll([csv]);
      const { columns, warnings, notes } = upload.receipt;
      assert.equal(columns[0].type, type);
      assert.ok(
        [...warnings, ...notes].some((text) => sentence.test(text)),
        JSON.stringify([warnings, notes]),
      );
    });
  }

  it('is null for words of the option that look like values', async () => {
    const csv = 'n,x,d,b\n-999,-9.0,1900-01-01,false\n5,2.5,2024-01-02,true\n';
    const query = '?nulls=-999,-9.0,1900-01-01,false';
    const rows = [
      [null, null, null, null],
      [5, 2.5, '2024-01-02', true],
    ];
    const { customer } = await sendAll([csv], query);
    assert.deepEqual(await rowsOf(customer), rows);
    assert.equal((await send(customer, csv, query)).status, 'complete');
    assert.deepEqual(await rowsOf(customer), [...rows, ...rows]);
    const skipped = await send(customer, `${csv}x,1,2024-01-03,true\n`, `${query}&on_error=skip`);
    assert.deepEqual([skipped.receipt.appended, skipped.receipt.rejected], [2, 1]);
    assert.deepEqual(await rowsOf(customer), [...rows, ...rows, ...rows]);
  });

  it('is null for such words in files whose values all look alike', async () => {
    const { customer } = await sendAll(['n,x\n-999,-9.5\n5,2.5\n'], '?nulls=-999,-9.5');
    assert.deepEqual(await rowsOf(customer), [
      [null, null],
      [5, 2.5],
    ]);
  });

  it('is asked for if nothing decides, and a retry with the option leads to rows', async () => {
    for (const [csv, option, value, row] of [
      ['d,n\n3/4/2024,1\n', 'date_order', 'dmy', ['2024-04-03', 1]],
      ['x;n\n1.250;1\n', 'decimal', ',', [1250, 1]],
    ] as const) {
      const { customer, upload } = await sendAll([csv]);
      assert.equal(upload.error?.code, 'ambiguous_values', JSON.stringify(upload.receipt));
      assert.equal(upload.error.option, option);
      assert.equal(upload.error.line, 2);
      const path = `${thena.url}/api/v1/uploads/${upload.id}/retry?${option}=${encodeURIComponent(value)}`;
      const { body } = await call(path, { method: 'POST', headers: WAIT });
      assert.equal(body.status, 'complete', JSON.stringify(body));
      assert.deepEqual(await rowsOf(customer), [row]);
    }
  });
});

it('reading takes little memory and time, with a fault in every row of 150 columns and in cells of two megabytes', {
  skip: process.platform !== 'linux' && 'needs /proc',
}, async () => {
  const small = await startThena({ THENA_MAX_COLUMNS: '200', THENA_ENGINE_MEMORY: '256MiB' });
  try {
    const { columns: names, good } = {
      columns: Array.from({ length: 150 }, (_, index) => `c${index}`),
      good: '1,'.repeat(149),
    };
    const header = `${names.join(',')}\n`;
    const started = performance.now();
    await put(small.url, 'wide', `${header}${`${good}1\n`.repeat(50)}`, WAIT);
    const wide = await put(small.url, 'wide', `${header}${good}1\n${`${good}1,\n`.repeat(50)}`, WAIT);
    assert.equal(wide.body.error.rejected, 50);
    const values = await put(small.url, 'wide', `${header}${`${good}x\n`.repeat(50)}`, WAIT);
    assert.equal(values.body.error.rejected, 50);
    const cells = Array.from({ length: 20 }, (_, index) => `${index},${'9'.repeat(1_900_000)}\n`).join('');
    const long = await put(small.url, 'long', `n,cell\n${cells}`, WAIT);
    assert.equal(long.body.receipt?.appended, 20, JSON.stringify(long.body.error));
    const seconds = (performance.now() - started) / 1000;
    const peak = peakBytes(childOf(process.pid) ?? 0);
    assert.ok(seconds < 60, `${seconds} s`);
    assert.ok(peak !== null && peak < (256 + 300) * 2 ** 20, `${peak} bytes`);
  } finally {
    await small.close();
  }
});
