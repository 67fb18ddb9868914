import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { csvOf } from '../../crash/senders.ts';
import { assertTotalRows, endedUploads, settle, whole } from '../../crash/settled.ts';
import { ask, begin, idOf, send } from '../../http/tus-requests.ts';
import { randomOf } from '../../random.ts';
import { call, ended, put, upload, WAIT } from '../../server.ts';
import { until } from '../../until.ts';
import { NO_CLUSTER } from '../start-cluster.ts';
import { ClusterContents } from './cluster-contents.ts';
import { type CrashCluster, startCrashCluster } from './crash-cluster.ts';

describe('two nodes at the same time', { skip: NO_CLUSTER ?? false }, () => {
  const random = randomOf(5);
  let crash: CrashCluster;
  let contents: ClusterContents;
  let a: string;
  let b: string;
  before(async () => {
    crash = await startCrashCluster();
    contents = new ClusterContents(crash.cluster.environment);
    [a = '', b = ''] = crash.urls();
  });
  after(() => crash.remove());

  it('make one table of the first uploads of a customer, with the rows of all of them', async () => {
    const customers = Array.from({ length: 6 }, (_, index) => `first-${index}`);
    const rows = [1, 40_000, 300, 2];
    await Promise.all(
      customers.map(async (customer) => {
        const sent = await Promise.all(
          rows.map((count, number) => put(number % 2 ? a : b, customer, csvOf(number, count), WAIT)),
        );
        for (const { body } of sent) assert.equal(body.status, 'complete', JSON.stringify(body));
        const { totalRows } = await settle(b, customer);
        assert.equal(totalRows, 40_303);
        const expected = rows.map((count, number) => [number, whole(count)] as const);
        assert.deepEqual(await contents.storedFiles(customer), new Map(expected));
      }),
    );
    assert.deepEqual(await contents.strayTables(), []);
  });

  it('cancel or undo what the other loads, and nothing else', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, async (_, index) => {
        const customer = `undone-${index}`;
        await upload(a, customer, csvOf(0, 7));
        const { body } = await put(a, customer, csvOf(1, 60_000));
        const others = put(b, customer, csvOf(2, 5), WAIT);
        await delay(random.integer(1_500));
        let status = 0;
        // 503: the other node has not obeyed yet.
        for (; status !== 200; ) ({ status } = await call(`${b}/api/v1/uploads/${body.id}`, { method: 'DELETE' }));
        assert.deepEqual((await others).body.status, 'complete');
        const gone = await ended(a, body.id);
        await endedUploads(a, customer);
        const expected = new Map([7, 5].map((rows, number) => [2 * number, whole(rows)]));
        assert.deepEqual(await contents.storedFiles(customer), expected, gone.status);
        for (const url of [a, b]) await assertTotalRows(url, customer, 12);
        return gone.status;
      }),
    );
    for (const status of outcomes) assert.ok(['cancelled', 'undone'].includes(status), status);
  });

  it('append to a resumable file and cancel it: one of both, and nobody is answered with an error of the server', async () => {
    const file = Buffer.from('a,b\n1,2\n');
    for (let round = 0; round < 40; round++) {
      const begun = await begin(a, file.length, { customer_id: 'resumed' });
      const path = begun.headers.get('location') ?? '';
      const [sent, cancelled] = await Promise.all([
        send(a + path, 0, file),
        delay(random.integer(30)).then(() => ask(b + path, 'DELETE')),
      ]);
      const codes = [sent, cancelled].map(({ status, body }) => body?.code ?? status).join();
      const { status, body } = await call(`${b}/api/v1/uploads/${idOf(path)}`);
      const isGone = cancelled.status === 204;
      const answers = isGone
        ? ['204,204', 'upload_cancelled,204', 'upload_not_found,204']
        : // It was an upload already.
          ['204,upload_not_found', '204,tus_request_invalid'];
      assert.ok(answers.includes(codes), codes);
      const state = isGone ? (status === 404 ? 'gone' : body.status) : (await ended(b, idOf(path))).status;
      assert.ok((isGone ? ['gone', 'cancelled', 'undone'] : ['complete']).includes(state), `${codes}: ${state}`);
    }
  });

  it('delete a customer while the other receives: before the upload, or not at all', async () => {
    let outcome = '';
    for (let round = 0; round < 8; round++) {
      const customer = `deleted-${round}`;
      await upload(b, customer, csvOf(0, 7));
      const receiving = put(a, customer, csvOf(1, 20_000));
      await delay(random.integer(60));
      const deletion = await call(`${b}/api/v1/customers/${customer}`, { method: 'DELETE' });
      const received = await receiving;
      outcome = `${deletion.body.code ?? deletion.status}, ${received.body.code ?? received.status}`;
      assert.ok([204, 409].includes(deletion.status), JSON.stringify(deletion.body));
      if (received.status === 202) {
        const { status } = await ended(b, received.body.id);
        assert.equal(status, 'complete');
      }
      const files = new Map<number, ReturnType<typeof whole>>();
      if (deletion.status !== 204) files.set(0, whole(7));
      if (received.status === 202) files.set(1, whole(20_000));
      assert.deepEqual(await contents.storedFiles(customer), files, outcome);
      const rows = [...files.values()].reduce((all, file) => all + file.rows, 0);
      for (const url of [a, b]) await assertTotalRows(url, customer, rows);
    }
    await until(async () => (await contents.strayTables()).length === 0);
  });
});
