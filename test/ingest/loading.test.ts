import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { analyze, call, put, type Reply, type RunningThena, startThena, upload, WAIT } from '../server.ts';

const header = 'at,n,t\n';
const row = (index: number, n: string = String(index)): string =>
  `${new Date(Date.UTC(2024, 0, 1) + index * 1000).toISOString()},${n},text ${index}\n`;
const rows = (count: number, from = 0): string => Array.from({ length: count }, (_, at) => row(from + at)).join('');

describe('loading a file', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({ THENA_RETRY_SECONDS: '0' });
  });
  after(() => thena.close());

  const totalRows = async (customer: string): Promise<number> =>
    (await analyze(thena.url, customer, 10001)).body.result.total_rows;
  const types = (reply: Reply): string[] => reply.body.receipt.columns.map(({ type }: { type: string }) => type);

  /** Sends pieces one after the other, with back-pressure. */
  async function send(customer: string, pieces: Iterable<string> | AsyncIterable<string>): Promise<Reply> {
    return call(`${thena.url}/api/v1/customers/${customer}/uploads`, {
      method: 'PUT',
      headers: { 'content-type': 'text/csv', prefer: 'wait=60' },
      body: Readable.toWeb(Readable.from(pieces, { objectMode: false })) as ReadableStream,
      duplex: 'half',
    } as RequestInit);
  }

  for (const [what, value, type] of [
    ['a leading zero', '007', 'text'],
    ['a fraction', '0.5', 'number'],
    ['a word', 'none', 'text'],
  ] as const) {
    it(`starts over with a wider type if ${what} follows millions of bytes of whole numbers`, async () => {
      const customer = `late-${value.replace('.', '-')}`;
      // Beyond the first segment, so that rows have been appended already.
      const reply = await send(customer, [
        header,
        ...Array.from({ length: 6 }, (_, at) => rows(50_000, at * 50_000)),
        row(300_000, value),
      ]);
      assert.equal(reply.body.status, 'complete', JSON.stringify(reply.body.error));
      assert.deepEqual(types(reply), ['timestamp', type, 'text']);
      assert.equal(await totalRows(customer), 300_001);
    });
  }

  it('reads on if a column is empty in the first rows', async () => {
    const empty = Array.from({ length: 5000 }, (_, index) => row(index, '')).join('');
    const reply = await upload(thena.url, 'sparse', header + empty + row(5000, '5'));
    assert.deepEqual(types(reply), ['timestamp', 'integer', 'text']);
  });

  it('fails with line, column and text if rows do not fit the table, and appends none', async () => {
    await upload(thena.url, 'strict', header + rows(10));
    const reply = await upload(thena.url, 'strict', `${header + rows(3)}2024-01-01,one,x\nyesterday,1,x\n1,2\n`);
    assert.equal(reply.body.status, 'failed');
    assert.equal(reply.body.error.code, 'rows_rejected');
    assert.equal(reply.body.error.rows_in_file, 6);
    assert.deepEqual(
      reply.body.error.rejects.map(({ line, column, text }: Record<string, unknown>) => [line, column, text]),
      [
        [5, 'n', 'one'],
        [6, 'at', 'yesterday'],
        [7, null, '1,2'],
      ],
    );
    assert.equal(await totalRows('strict'), 10);
    const again = await upload(thena.url, 'strict', header + rows(2));
    assert.equal(again.body.receipt.table_rows_before, 10);
    assert.equal(again.body.receipt.table_rows_after, 12);
  });

  it('accepts the columns of a later file in any order and letter case', async () => {
    await upload(thena.url, 'order', header + rows(2));
    const reply = await upload(thena.url, 'order', 'T,N,at\nx,1,2024-06-01\n');
    assert.equal(reply.body.status, 'complete');
    const { body } = await analyze(thena.url, 'order', 10002);
    assert.equal(body.result.latest_at, '2024-06-01T00:00:00Z');
  });

  it('appends the files of a customer one after the other, even if they arrive at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => upload(thena.url, 'together', header + rows(100, index * 100))),
    );
    assert.deepEqual(
      replies.map(({ body }) => body.status),
      replies.map(() => 'complete'),
    );
    const after_ = replies.map(({ body }) => body.receipt.table_rows_after).sort((a, b) => a - b);
    assert.deepEqual(
      after_,
      replies.map((_, index) => (index + 1) * 100),
    );
    const { body } = await analyze(thena.url, 'together', 10000);
    assert.deepEqual(body.table, { rows: 1200, version: 12 });
  });

  it('reads values with many lines in a large file', async () => {
    // Quoted lines that look like records would mislead a reader that starts in the middle of them.
    const text = (index: number): string => `${index},"${'1,2\n'.repeat((index * 37) % 2000)}"\n`;
    const count = 11_000;
    const pieces = ['n,t\n', ...Array.from({ length: count }, (_, index) => text(index))];
    const reply = await send('letters', pieces);
    assert.equal(reply.body.status, 'complete', JSON.stringify(reply.body.error));
    assert.equal(reply.body.receipt.appended, count);
  });

  it('rejects rows with more fields than columns, even if these are empty', async () => {
    const refused = await upload(thena.url, 'surplus', 'a,b\n1,2,,\n3,4,,5\n5,6\n');
    assert.deepEqual(
      refused.body.error.rejects.map(({ line, code }: { line: number; code: string }) => [line, code]),
      [
        [2, 'wrong_field_count'],
        [3, 'wrong_field_count'],
      ],
    );
    const skipped = await put(thena.url, 'surplus', 'a,b\n1,2,,\n3,4\n', WAIT, '?on_error=skip');
    const { appended, rejected } = skipped.body.receipt;
    assert.deepEqual([appended, rejected], [1, 1]);
  });

  it('reads gzip and zstd, with and without Content-Encoding', async () => {
    const csv = header + rows(500);
    for (const [name, bytes] of [
      ['gzip', gzipSync(csv)],
      ['zstd', zstdCompressSync(csv)],
    ] as const) {
      assert.equal((await upload(thena.url, `form-${name}`, bytes)).body.receipt.appended, 500);
      const reply = await call(`${thena.url}/api/v1/customers/raw-${name}/uploads`, {
        method: 'PUT',
        headers: { 'content-encoding': name, prefer: 'wait=60' },
        body: new Uint8Array(bytes),
      });
      assert.equal(reply.body.receipt.appended, 500);
      const damaged = await upload(thena.url, `damaged-${name}`, bytes.subarray(0, bytes.length - 20));
      assert.equal(damaged.body.code, 'decompression_failed');
    }
  });

  it('leaves nothing in the spool', async () => {
    await upload(thena.url, 'spool', header + rows(5));
    await upload(thena.url, 'spool', 'a,b\n1,2\n');
    await upload(thena.url, 'spool', `${header}x,y,z\n`);
    assert.deepEqual(readdirSync(join(thena.dataDir, 'spool')), []);
  });

  it('leaves nothing, not even the customer, if the client disconnects or a late byte is invalid', async () => {
    const gone = request(`${thena.url}/api/v1/customers/gone/uploads`, { method: 'PUT' });
    gone.on('error', () => undefined);
    gone.write(header + rows(300_000));
    const attempts = async () => (await call(`${thena.url}/api/v1/customers/gone/uploads`)).body.items?.[0]?.attempts;
    while ((await attempts()) !== 1) await new Promise((resolve) => setTimeout(resolve, 10));
    // Its load has started.
    gone.destroy();
    const bad = await send('bad', [
      header,
      ...Array.from({ length: 6 }, (_, at) => rows(50_000, at * 50_000)),
      'x,"never closed\n',
    ]);
    assert.equal(bad.body.code, 'quote_not_closed');
    assert.match(bad.body.detail, /line 300002/);
    // The server notices the closed connection a moment later.
    for (let tries = 0; readdirSync(join(thena.dataDir, 'spool')).length > 0 && tries < 100; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.deepEqual(readdirSync(join(thena.dataDir, 'spool')), []);
    for (const customer of ['gone', 'bad']) {
      assert.equal((await call(`${thena.url}/api/v1/customers/${customer}`)).status, 404);
    }
    assert.equal((await send('bad', [header, rows(3)])).body.status, 'complete');
    assert.equal(await totalRows('bad'), 3);
  });

  it('asks about dates that can be read day first and month first', async () => {
    const reply = await upload(thena.url, 'ambiguous', 'at,n\n1/2/2024,1\n3/4/2024,2\n');
    assert.equal(reply.body.error.code, 'ambiguous_values');
    assert.match(reply.body.error.detail, /'at' can be read in two ways/);
  });
});
