import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { processorMs } from '../processor-time.ts';
import { call, put, type Reply, type RunningThena, startThena, WAIT } from '../server.ts';
import { randomTables } from './random-tables.ts';
import { written } from './written-tables.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
});
after(() => thena.close());

type Options = Readonly<Record<string, string>>;

function preview(
  customer: string,
  body: string | Buffer,
  options: Options = {},
  headers: Options = {},
): Promise<Reply> {
  const url = `${thena.url}/api/v1/customers/${customer}/preview?${new URLSearchParams(options)}`;
  return call(url, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });
}

async function loaded(customer: string, body: string | Buffer, options: Options = {}): Promise<Reply['body']> {
  return (await put(thena.url, customer, body, WAIT, `?${new URLSearchParams(options)}`)).body;
}

const MANY_ROWS = 100_000;
const manyRows = `id,name,at\n${Array.from({ length: MANY_ROWS }, (_, n) => `${n},"Größe ${n}",2024-01-02 03:04:05\n`).join('')}`;

describe('the preview of a file', () => {
  it('costs nothing if its client has disconnected', async () => {
    const start = Buffer.from(manyRows).subarray(0, 2 ** 20);
    await preview('first', start);
    const one = await processorMs(() => preview('one', start));
    const leaving = async (customer: number): Promise<void> => {
      const { hostname, port } = new URL(thena.url);
      const socket = connect(Number(port), hostname);
      const head = `POST /api/v1/customers/left${customer}/preview HTTP/1.1\r\nHost: ${hostname}:${port}\r\n`;
      socket.write(`${head}Content-Length: ${start.length}\r\n\r\n`);
      await new Promise((resolve) => socket.write(start, resolve));
      await sleep(20);
      socket.destroy();
    };
    const many = await processorMs(async () => {
      await Promise.all(Array.from({ length: 28 }, (_, index) => leaving(index % 4)));
      // Previews of a customer have their turns in order: these are the last ones.
      await Promise.all([0, 1, 2, 3].map((customer) => preview(`left${customer}`, start)));
    });
    assert.ok(many < 15 * one, `${many} ms instead of ${one} ms`);
  });

  it('shows the dialect, the columns, and the first rows as texts and as values', async () => {
    const { status, body } = await preview('shown', 'id;n;when\n1;1,5;02.01.2024\n2;;03.01.2024\n');
    assert.equal(status, 200, JSON.stringify(body));
    assert.equal(body.complete, true);
    assert.deepEqual(
      [body.dialect.delimiter, body.dialect.header, body.dialect.encoding, body.rows_read],
      [';', true, 'utf-8', 2],
    );
    assert.deepEqual(
      body.columns.map((column: Reply['body']) => [column.name, column.type, column.decimal, column.order]),
      [
        ['id', 'integer', null, null],
        ['n', 'number', ',', null],
        ['when', 'date', null, 'dmy'],
      ],
    );
    assert.deepEqual(body.rows, [
      [
        { text: '1', value: 1 },
        { text: '1,5', value: 1.5 },
        { text: '02.01.2024', value: '2024-01-02' },
      ],
      [
        { text: '2', value: 2 },
        { text: '', value: null },
        { text: '03.01.2024', value: '2024-01-03' },
      ],
    ]);
    assert.deepEqual(body.table, { exists: false, matches: true, missing: [], extra: [] });
  });

  it('is what a load makes of it, in any dialect', async () => {
    let customers = 0;
    const check = async (table: Parameters<typeof written>[0]): Promise<void> => {
      const customer = `same${customers++}`;
      const { bytes, options } = written(table);
      const shown = await preview(customer, bytes, options);
      const result = await loaded(customer, bytes, options);
      const description = `${JSON.stringify(bytes.toString())} ${JSON.stringify([shown.body, result])}`;
      if (shown.status !== 200) {
        assert.equal(result.code ?? result.error?.code, shown.body.code, description);
        return;
      }
      if (shown.body.questions.length > 0) {
        assert.equal(result.error?.code, 'ambiguous_values', description);
        assert.equal(result.error.column, shown.body.questions[0].column, description);
        return;
      }
      assert.deepEqual(shown.body.columns, result.receipt.columns, description);
      assert.equal(shown.body.rows_read, result.receipt.rows_in_file, description);
      const rows = await call(`${thena.url}/api/v1/customers/${customer}/table/rows?limit=1000`);
      assert.equal(rows.status, 200, `${description} ${JSON.stringify(rows.body)}`);
      const values = shown.body.rows.map((row: Reply['body']) => row.map(({ value }: Reply['body']) => value));
      const inOrder = (all: unknown[]): unknown[] => all.map((row) => JSON.stringify(row)).sort();
      assert.deepEqual(inOrder(values), inOrder(rows.body.rows), description);
    };
    await fc.assert(fc.asyncProperty(randomTables, check), { numRuns: 60, includeErrorInReport: true });
  });

  it('creates no customer, and stores nothing', async () => {
    assert.equal((await preview('nobody', 'a\n1\n')).status, 200);
    assert.equal((await call(`${thena.url}/api/v1/customers/nobody`)).status, 404);
    const spool = join(thena.dataDir, 'spool');
    assert.ok(existsSync(spool));
    await preview('nobody', manyRows.slice(0, 1_000_000));
    assert.deepEqual(
      readdirSync(join(thena.dataDir, 'tables')).filter((name) => name.includes('nobody')),
      [],
    );
    const before = readdirSync(spool);
    await preview('nobody', 'a\n2\n');
    assert.deepEqual(readdirSync(spool), before);
  });

  it('takes at most 1 MiB', async () => {
    const { status, body } = await preview('large', manyRows);
    assert.deepEqual([status, body.code, body.max_bytes], [413, 'body_too_large', 1_048_576]);
  });

  it('is refused with the problem that the file would have', async () => {
    for (const [file, code] of [
      ['', 'file_empty'],
      ['a,b\n', 'no_rows'],
      ['a,A\n1,2\n', 'duplicate_column'],
      ['Report\n\nday,n\n2024-01-01,1\n', 'title_above_header'],
      ['a,b\n1,"x\n', 'quote_not_closed'],
      ['%PDF-1.7\n', 'not_csv'],
    ] as const) {
      assert.equal((await preview('refused', file)).body.code, code, file);
    }
    assert.equal((await preview('refused', 'a\n1\n', { decimal: 'x' })).body.code, 'upload_option_invalid');
    assert.equal((await preview('refused', 'a\n1\n', { colour: 'x' })).status, 400);
  });
});

describe('the preview of the start of a file', () => {
  const encoders: Readonly<Record<string, (text: string) => Buffer>> = {
    'utf-8': (text) => Buffer.from(text),
    'utf-16le': (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
    'utf-16be': (text) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16(),
    'windows-1252': (text) => Buffer.from(text, 'latin1'),
  };
  for (const [encoding, encode] of Object.entries(encoders)) {
    it(`leaves out the record that is cut off (${encoding})`, async () => {
      const bytes = encode(manyRows);
      for (const length of [1000, 1001, 300_003, 1_048_576]) {
        const { body } = await preview(`cut-${encoding}`, bytes.subarray(0, length), { complete: 'false' });
        assert.equal(body.complete, false);
        assert.equal(body.dialect.encoding, encoding);
        const text = new TextDecoder(encoding).decode(bytes.subarray(0, length));
        assert.equal(body.rows_read, text.split('\n').length - 2, `${length}`);
        assert.deepEqual(body.rows[3], [
          { text: '3', value: 3 },
          { text: 'Größe 3', value: 'Größe 3' },
          { text: '2024-01-02 03:04:05', value: '2024-01-02T03:04:05Z' },
        ]);
        assert.match(body.notes.join(), /Only the first \d+ rows were read/);
      }
    });
  }

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    it(`decompresses what has arrived (${name})`, async () => {
      const compressed = compress(Buffer.from(manyRows));
      const cut = compressed.subarray(0, Math.floor(compressed.length / 2));
      for (const headers of [{}, { 'content-encoding': name }] as readonly Options[]) {
        const { status, body } = await preview(`cut-${name}`, cut, { complete: 'false' }, headers);
        assert.equal(status, 200, JSON.stringify(body));
        assert.ok(body.rows_read > 1000 && body.rows_read < MANY_ROWS, `${body.rows_read} rows`);
        assert.equal(body.rows.length, 20);
      }
      const whole = await preview(`cut-${name}`, compressed, { complete: 'true' });
      assert.equal(whole.body.complete, false, 'decompressed, the file is longer than a preview');
      const broken = await preview(`cut-${name}`, compress('a,b\n1,2\n').subarray(0, -4), { complete: 'true' });
      assert.equal(broken.body.code, 'decompression_failed');
    });
  }

  it('accepts a quote that is closed behind it', async () => {
    const { body } = await preview('open-quote', 'a,b\n1,x\n2,"y\nz', { complete: 'false' });
    assert.deepEqual([body.rows_read, body.rows.length], [1, 1]);
  });
});

describe('the questions of a preview', () => {
  const asked = [
    ['day,n\n01/02/2024,1\n03/04/2024,2\n', 'day', 'date_order', ['dmy', 'mdy']],
    ['n;x\n1.250;a\n2.500;b\n', 'n', 'decimal', ['.', ',']],
    ['day\n01-02-03\n02-03-04\n', 'day', 'date_order', ['dmy', 'mdy', 'ymd']],
  ] as const;
  for (const [file, column, option, values] of asked) {
    it(`are answered by each choice of ${option}: ${values.join(', ')}`, async () => {
      const customer = `asked-${values.length}-${option.replace('_', '-')}`;
      const { body } = await preview(customer, file);
      const [question, ...more] = body.questions;
      assert.deepEqual(more, []);
      assert.deepEqual([question.code, question.column, question.option], ['ambiguous_values', column, option]);
      const choices: readonly Reply['body'][] = question.choices;
      assert.deepEqual(
        choices.map(({ value }) => value),
        values,
      );
      assert.equal(new Set(choices.map((choice) => choice.example_value)).size, values.length);
      for (const [index, { value, example_text: text }] of choices.entries()) {
        assert.ok(file.includes(text));
        const answered = await preview(customer, file, { [option]: value });
        assert.deepEqual(answered.body.questions, []);
        const result = await loaded(`${customer}-${index}`, file, { [option]: value });
        assert.equal(result.status, 'complete', JSON.stringify(result));
        assert.deepEqual(answered.body.columns, result.receipt.columns);
      }
    });
  }
});

describe('the guesses of a preview', () => {
  const LATIN = Buffer.from('a,b\n1,\xa3\xf3d\x9f\n', 'latin1');
  const guessed: readonly (readonly [what: string, file: string | Buffer, option: string, chosen: string])[] = [
    ['a header without proof', 'a,b\nc,d\n', 'header', 'true'],
    ['no header', '1,2\n3,4\n', 'header', 'false'],
    ['a delimiter', 'a,b;c\n1,2;3\n', 'delimiter', ';'],
    ['one column', 'a:b\nx:y\n', 'delimiter', ','],
    ['an encoding', LATIN, 'encoding', 'windows-1252'],
    ['a decimal mark', 'n,m\n1.250,x\n', 'decimal', '.'],
    ['a date order', 'd\n01.02.2024\n', 'date_order', 'dmy'],
    ['a time zone', 'at\n2024-01-02 03:04:05\n', 'time_zone', 'UTC'],
  ];
  for (const [what, file, option, chosen] of guessed) {
    it(`name ${what}, and what to choose instead`, async () => {
      const first = await preview('guessed', file);
      const guess = first.body.guesses.find((each: Reply['body']) => each.option === option);
      assert.ok(guess, JSON.stringify(first.body));
      const values: readonly string[] = guess.choices.map(({ value }: Reply['body']) => value);
      assert.equal(guess.chosen, chosen === ';' ? values[0] : chosen);
      assert.ok(values.includes(guess.chosen));
      assert.ok(values.length > 1 || option === 'time_zone');
      for (const value of values) {
        const { status, body } = await preview('guessed', file, { [option]: value });
        assert.equal(status, 200, JSON.stringify(body));
        assert.ok(!body.guesses.some((each: Reply['body']) => each.option === option), value);
        const isSame =
          JSON.stringify([body.columns, body.rows]) === JSON.stringify([first.body.columns, first.body.rows]);
        assert.equal(isSame, value === guess.chosen, `${option}=${value} ${JSON.stringify(body)}`);
      }
    });
  }

  it('show a text in each encoding', async () => {
    const { body } = await preview('letters', LATIN);
    const [guess] = body.guesses.filter((each: Reply['body']) => each.option === 'encoding');
    const polish = guess.choices.find(({ value }: Reply['body']) => value === 'windows-1250');
    assert.deepEqual([polish.example_text, polish.example_value], ['£ódŸ', 'Łódź (Central European)']);
    assert.equal(guess.line, 2);
  });
});

describe('the preview for a customer with a table', () => {
  before(async () => {
    assert.equal((await loaded('known', 'id,day\n1,31/01/2024\n')).status, 'complete');
  });

  it('reads values as the table has them, and lists those that do not fit', async () => {
    const { body } = await preview('known', 'DAY,Id\n01/02/2024,2\n2024-13-01,3\n02/02/2024,x\n');
    assert.deepEqual(body.table, { exists: true, matches: true, missing: [], extra: [] });
    assert.deepEqual(
      body.columns.map(({ name, type, order }: Reply['body']) => [name, type, order]),
      [
        ['day', 'date', 'dmy'],
        ['id', 'integer', null],
      ],
    );
    assert.deepEqual(body.rows, [
      [
        { text: '01/02/2024', value: '2024-02-01' },
        { text: '2', value: 2 },
      ],
    ]);
    assert.deepEqual(
      [
        body.rows_read,
        body.rejected_rows,
        body.rejected.map(({ line, column, code }: Reply['body']) => [line, column, code]),
      ],
      [
        3,
        2,
        [
          [3, 'day', 'no_such_day'],
          [4, 'id', 'not_integer'],
        ],
      ],
    );
  });

  it('names the columns that only one of them has', async () => {
    const { status, body } = await preview('known', 'id,colour\n1,red\n');
    assert.equal(status, 200);
    assert.deepEqual(body.table, { exists: true, matches: false, missing: ['day'], extra: ['colour'] });
  });

  it('names an earlier upload of the same bytes', async () => {
    const file = 'id,day\n7,01/02/2024\n';
    const { id } = await loaded('known', file);
    assert.equal((await preview('known', file)).body.duplicate_of.id, id);
    assert.equal((await preview('known', file, { complete: 'false' })).body.duplicate_of, null);
    assert.equal((await preview('other', file)).body.duplicate_of, null);
  });
});

describe('a dry run', () => {
  it('returns the rows that the preview shows', async () => {
    const file = 'a,at,n\n1,2024-01-02 03:04:05.50,"1,234.5"\nx,y\n2,2024-01-02T03:04:05+01:00,-7\n';
    const { receipt } = await loaded('dry', file, { dry_run: 'true', on_error: 'skip' });
    const { body } = await preview('dry', file);
    assert.deepEqual(receipt.sample, body.rows);
    assert.deepEqual(receipt.sample[1], [
      { text: '2', value: 2 },
      { text: '2024-01-02T03:04:05+01:00', value: '2024-01-02T02:04:05Z' },
      { text: '-7', value: -7 },
    ]);
    assert.equal((await loaded('dry', file, { on_error: 'skip' })).receipt.sample, null);
  });
});
