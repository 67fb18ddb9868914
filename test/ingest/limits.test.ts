import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { zstdCompressSync } from 'node:zlib';
import { createReceiveSlots } from '../../src/ingest/receive/receive-slots.ts';
import { DiskReserve } from '../../src/ingest/spool/disk-reserve.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { analyze, call, formOf, type Reply, type RunningThena, startThena } from '../server.ts';
import { sendAndPause } from './paused-sender.ts';

const MIB = 1024 * 1024;
const id = (text: string): CustomerId => parseCustomerId(text) as CustomerId;

describe('slots for files that are being received', () => {
  /** Acquires a slot for each customer, and counts those that got one. */
  function acquireAll(slots: ReturnType<typeof createReceiveSlots>, customers: readonly (string | null)[]) {
    const acquired = { count: 0 };
    for (const customer of customers) {
      slots.acquire(customer === null ? null : id(customer)).then(
        () => acquired.count++,
        () => undefined,
      );
    }
    return acquired;
  }

  it('refuse a file that waits too long with server_busy, and stay free for the next one', async () => {
    const slots = createReceiveSlots(1, 10);
    const release = await slots.acquire(id('a'));
    await assert.rejects(slots.acquire(id('b')), { code: 'server_busy' });
    release();
    await slots.acquire(id('b'));
  });

  it('are never all held by one customer, or by files of unknown customers', async () => {
    for (const greedy of ['greedy', null]) {
      const slots = createReceiveSlots(32, 100);
      const first = acquireAll(slots, Array(40).fill(greedy));
      const second = acquireAll(slots, Array(40).fill('second'));
      const others = acquireAll(slots, ['other-1', 'other-2', 'other-3']);
      await sleep(5);
      assert.deepEqual([first.count, second.count, others.count], [16, 8, 3]);
    }
  });

  it('keep room in the queue for a customer that comes late', async () => {
    const slots = createReceiveSlots(1, 200);
    const release = await slots.acquire(id('first'));
    const outcomes = Array.from({ length: 5_000 }, () => slots.acquire(id('greedy')).catch(() => 'refused'));
    assert.equal(await Promise.race([outcomes.at(-1), sleep(20, 'waits')]), 'refused');
    const late = slots.acquire(id('late'));
    release();
    const releaseGreedy = await outcomes[0];
    if (typeof releaseGreedy === 'function') releaseGreedy();
    assert.equal(typeof (await late), 'function');
    await Promise.all(outcomes);
  });
});

describe('the disk reserve', () => {
  it('refuses a file that would cut into it', async () => {
    const { bavail, bsize } = await statfs(tmpdir());
    const reserve = new DiskReserve(tmpdir(), 1024);
    assert.equal(await reserve.hasRoomFor(0), true);
    await reserve.requireRoomFor(1024);
    await assert.rejects(reserve.requireRoomFor(bavail * bsize * 2), { code: 'disk_full' });
  });

  it('is kept whole by files that are received at the same time', async (t) => {
    const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=80m', 'tmpfs', disk]).status !== 0) {
      rmSync(disk, { recursive: true });
      return t.skip('needs the permission to mount a file system');
    }
    try {
      const reserve = new DiskReserve(disk, 8 * MIB);
      const allowances = Array.from({ length: 32 }, () => reserve.allowance());
      // Nothing is written yet. Together they ask for less than the disk has, but more than the reserve leaves them.
      const taken = await Promise.allSettled(allowances.map((allowance) => allowance.take(2.4 * MIB)));
      const given = taken.filter(({ status }) => status === 'fulfilled').length * 2.4;
      assert.ok(given <= 72, `${given} MiB of 72`);
      for (const allowance of allowances) allowance.release();
      await reserve.allowance().take(64 * MIB);
    } finally {
      spawnSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

describe('a server at its limits', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena({ THENA_MAX_RECEIVES: '1', THENA_MAX_WAITING_UPLOADS: '1' });
  });
  after(() => thena.close());

  const put = (customer: string, body: string | Buffer, headers: Record<string, string> = {}): Promise<Reply> =>
    call(`${thena.url}/api/v1/customers/${customer}/uploads`, {
      method: 'PUT',
      body: new Uint8Array(Buffer.from(body)),
      headers,
    });

  it('lets a file wait for a receive slot, and then receives it', async () => {
    const slow = request(`${thena.url}/api/v1/customers/slow/uploads`, { method: 'PUT' });
    slow.on('error', () => undefined);
    slow.write('a,b\n1,2\n');
    await sleep(100);
    const next = put('next', 'a\n1\n');
    assert.equal(await Promise.race([next.then(() => 'answered'), sleep(200, 'waits')]), 'waits');
    slow.destroy();
    assert.equal((await next).status, 202);
  });

  it('refuses uploads of a customer whose queue is full, and says when to retry', async () => {
    const first = await put('waits', `day,amount\n${'2024-01-02,1\n'.repeat(1_000_000)}`);
    assert.equal(first.status, 202);
    const second = await put('waits', 'day,amount\n2024-01-02,1\n');
    assert.deepEqual(
      [second.status, second.body.code, second.headers.get('retry-after')],
      [429, 'too_many_uploads', '5'],
    );
    assert.equal((await put('another', 'day,amount\n2024-01-02,1\n')).status, 202);
  });

  it('receives a file of another customer while one holds all the slots it can, with forms and bodies', async () => {
    const shared = await startThena({ THENA_MAX_RECEIVES: '4' });
    const held: ClientRequest[] = [];
    try {
      for (let index = 0; index < 6; index++) {
        // Forms with the file before the customer, and bodies: neither may hold all slots.
        const sender = request(`${shared.url}/api/v1/${index < 3 ? 'event/' : 'customers/slow/uploads'}`, {
          method: 'POST',
          headers: index < 3 ? { 'content-type': 'multipart/form-data; boundary=b' } : {},
        });
        sender.on('error', () => undefined);
        if (index < 3) sender.write('--b\r\nContent-Disposition: form-data; name="file"; filename="f.csv"\r\n\r\n');
        sender.write('a,b\n1,2\n');
        held.push(sender);
      }
      await sleep(200);
      const reply = await call(`${shared.url}/api/v1/customers/another/uploads`, {
        method: 'PUT',
        body: 'a\n1\n',
        signal: AbortSignal.timeout(5_000),
      });
      assert.equal(reply.status, 202);
    } finally {
      for (const sender of held) sender.destroy();
      await shared.close();
    }
  });

  it('queues no more uploads of a customer than the maximum, however many arrive at once', async () => {
    const many = await startThena({ THENA_MAX_WAITING_UPLOADS: '5', THENA_CONCURRENT_LOADS: '1' });
    try {
      const upload = (customer: string, body: string) =>
        call(`${many.url}/api/v1/customers/${customer}/uploads`, { method: 'PUT', body });
      const other = await sendAndPause(many.url, 'other');
      const replies = await Promise.all(Array.from({ length: 60 }, (_, index) => upload('crowd', `n\n${index}\n`)));
      const count = (status: number) => replies.filter((reply) => reply.status === status).length;
      assert.deepEqual([count(202), count(429)], [5, 55]);
      other.destroy();
    } finally {
      await many.close();
    }
  });

  it('queues no more bytes than the maximum, and accepts more when they are loaded', async () => {
    const little = await startThena({ THENA_MAX_WAITING_BYTES: '1MiB', THENA_CONCURRENT_LOADS: '1' });
    try {
      const body = `day,amount\n${'2024-01-02,1\n'.repeat(30_000)}`;
      const send = async (customer: string): Promise<unknown[]> => {
        const url = `${little.url}/api/v1/customers/${customer}/uploads`;
        const reply = await call(url, { method: 'PUT', body });
        return [reply.status, reply.body.code, reply.headers.get('retry-after')];
      };
      const formWithoutCustomer = formOf(['file', Buffer.from(body)], ['customer_id', 'c']);
      const other = await sendAndPause(little.url, 'other');
      assert.equal((await send('a'))[0], 202);
      assert.deepEqual(await send('a'), [429, 'too_many_uploads', '5']);
      assert.equal((await send('b'))[0], 202);
      assert.deepEqual(await send('c'), [503, 'queue_full', '5']);
      const form = await call(`${little.url}/api/v1/event/`, { method: 'POST', body: formWithoutCustomer });
      assert.deepEqual([form.status, form.body.code], [503, 'queue_full']);
      other.destroy();
      let [status] = await send('c');
      for (let tries = 0; status === 503 && tries < 250; tries++) {
        await sleep(20);
        [status] = await send('c');
      }
      assert.equal(status, 202);
    } finally {
      await little.close();
    }
  });

  it('observes every file that it refuses, with the code and the customer if it is known', async () => {
    const seen = thena.observations.length;
    await put('refused', 'a,b\n');
    // So long that it is examined before the form has been read to its end.
    const long = Buffer.from(`a,a\n${'1,2\n'.repeat(600_000)}`);
    await call(`${thena.url}/api/v1/event/`, { method: 'POST', body: formOf(['file', long]) });
    const gone = request(`${thena.url}/api/v1/customers/gone/uploads`, { method: 'PUT' });
    gone.on('error', () => undefined);
    gone.write('a,b\n1,2\n');
    await sleep(100);
    gone.destroy();
    await sleep(100);
    const refused = thena.observations.slice(seen).filter((one) => one.kind === 'upload_refused');
    assert.deepEqual(
      refused.map(({ customerId, code }) => [customerId, code]),
      [
        ['refused', 'no_rows'],
        [null, 'duplicate_column'],
        ['gone', 'upload_interrupted'],
      ],
    );
  });

  it('refuses a file with an excessive compression ratio', async () => {
    const bomb = zstdCompressSync(Buffer.from(`a,b\n${'1,2\n'.repeat(25_000_000)}`));
    const reply = await put('bomb', bomb);
    assert.deepEqual([reply.status, reply.body.code], [413, 'decompression_ratio']);
  });
});

/** Uploads a file and waits until it has ended. Unlike `fetch`, it gives a busy server any time to accept the connection. */
async function putPatiently(url: string, file: string) {
  const client = request(url, { method: 'PUT', headers: { prefer: 'wait=300' } }).end(file);
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  return (await json(response)) as any;
}

describe('a thousand small files of fifty customers at once', () => {
  it('are all loaded, and no customer waits much longer than another', async () => {
    const thena = await startThena();
    try {
      const customers = Array.from({ length: 50 }, (_, index) => `crowd-${index}`);
      const sent = await Promise.all(
        customers.flatMap((customer) =>
          Array.from({ length: 20 }, async (_, index) => {
            const file = `at,n\n2024-01-01 00:00:${String(index).padStart(2, '0')},${index}\n`;
            const ended = await putPatiently(`${thena.url}/api/v1/customers/${customer}/uploads`, file);
            assert.equal(ended.status, 'complete', JSON.stringify(ended));
            return { customer, finishedAt: Date.parse(ended.finished_at), createdAt: Date.parse(ended.created_at) };
          }),
        ),
      );
      const from = Math.min(...sent.map(({ createdAt }) => createdAt));
      const took = customers.map((customer) =>
        Math.max(...sent.filter((one) => one.customer === customer).map(({ finishedAt }) => finishedAt - from)),
      );
      assert.ok(Math.max(...took) <= 3 * Math.min(...took), `${Math.min(...took)} to ${Math.max(...took)} ms`);
      for (const customer of customers) {
        assert.equal((await analyze(thena.url, customer, 10001)).body.result.total_rows, 20);
      }
    } finally {
      await thena.close();
    }
  });
});
