import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Catalog } from '../../src/catalog/catalog.ts';
import type { CatalogNewsItem } from '../../src/catalog/catalog-news.ts';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { newUploadId } from '../../src/model/ids.ts';
import { customerId, newUpload, receptionOf, registerReceiver } from '../builders.ts';
import { NO_POSTGRES } from '../cluster/postgres-server.ts';
import { tcpProxy } from '../cluster/tcp-proxy.ts';
import { A, commitOf, FILE, leaseOf } from '../contract/catalog/catalog-under-test.ts';
import { until } from '../until.ts';
import { postgresForTests } from './postgres-for-tests.ts';

const UNAVAILABLE = { code: 'catalog_unavailable' };
const LEASE = { owner: 'a', leaseMs: 60_000 };

describe('a catalog whose PostgreSQL is away', { skip: NO_POSTGRES ?? false }, () => {
  const postgres = postgresForTests();

  async function using<T>(waitMs: number, use: (catalog: Catalog) => Promise<T>): Promise<T> {
    const catalog = await openPostgresCatalog(postgres.url, { waitMs });
    try {
      return await use(catalog);
    } finally {
      await catalog.close();
    }
  }

  it('waits for it, so that calls, leases and loads go on when it is back', () =>
    using(20_000, async (catalog) => {
      const upload = newUpload('a');
      await registerReceiver(catalog);
      await catalog.createUpload(upload);
      await catalog.markReceived(receptionOf(upload.id), FILE);
      const claim = await catalog.claimNext(LEASE);
      assert.ok(claim);
      await postgres.server.kill();
      const other = newUpload('b');
      const calls = Promise.all([
        catalog.findUpload(upload.id),
        catalog.renewLease({ ...leaseOf(claim), leaseMs: 60_000 }),
        catalog.createUpload(other),
        catalog.listCustomers({ after: null, limit: 9 }),
      ]);
      await sleep(500);
      await postgres.server.start();
      const [found, isRenewed, created] = await calls;
      assert.equal(found?.status, 'ingesting');
      assert.equal(isRenewed, true);
      assert.equal(created.id, other.id);
      const committed = await catalog.commitUpload(commitOf(claim));
      assert.ok(committed !== 'lost');
      assert.equal(committed.status, 'complete');
    }));

  it('fails with a problem after a bounded time, and works again later', () =>
    using(600, async (catalog) => {
      await catalog.createCustomer({ id: customerId('a'), timeColumn: null, columns: null });
      await postgres.server.kill();
      const began = performance.now();
      await assert.rejects(catalog.findCustomer(customerId('a')), UNAVAILABLE);
      await assert.rejects(catalog.createUpload(newUpload('a')), UNAVAILABLE);
      await assert.rejects(catalog.claimNext(A), UNAVAILABLE);
      await assert.rejects(catalog.ping());
      assert.ok(performance.now() - began < 8_000);
      await postgres.server.start();
      assert.equal((await catalog.findCustomer(customerId('a')))?.id, 'a');
    }));

  it('fails soon once a call has waited in vain, until it is back; only the ends of what took long wait again', () =>
    using(3_000, async (catalog) => {
      await registerReceiver(catalog);
      const upload = newUpload('a');
      await catalog.createUpload(upload);
      await catalog.markReceived(receptionOf(upload.id), FILE);
      const claim = await catalog.claimNext(LEASE);
      assert.ok(claim);
      const failing = async (call: () => Promise<unknown>): Promise<number> => {
        const began = performance.now();
        await assert.rejects(call(), UNAVAILABLE);
        return performance.now() - began;
      };
      await postgres.server.kill();
      const first = await failing(() => catalog.findUpload(upload.id));
      assert.ok(first >= 3_000, `the first one waited ${first} ms`);
      for (const call of [() => catalog.findUpload(upload.id), () => catalog.createUpload(newUpload('b'))]) {
        const next = await failing(call);
        assert.ok(next < first / 2, `the next one waited ${next} ms`);
      }
      const committing = catalog.commitUpload(commitOf(claim));
      const late = sleep(1_500).then(() => 'late');
      assert.equal(await Promise.race([committing, late]), 'late');
      await postgres.server.start();
      const committed = await committing;
      assert.ok(committed !== 'lost');
      assert.equal(committed.status, 'complete');
      assert.equal((await catalog.findUpload(upload.id))?.status, 'complete');
    }));

  it('fails with a problem after a bounded time if connections stay open and nothing answers', async () => {
    const proxy = await tcpProxy(Number(new URL(postgres.url).port));
    const through = new URL(postgres.url);
    through.port = `${proxy.port}`;
    postgres.url = through.href;
    try {
      await using(600, async (catalog) => {
        await catalog.createUpload(newUpload('a'));
        proxy.pause();
        const began = performance.now();
        await assert.rejects(catalog.findCustomer(customerId('a')), UNAVAILABLE);
        await assert.rejects(catalog.createUpload(newUpload('a')), UNAVAILABLE);
        await assert.rejects(catalog.ping(), UNAVAILABLE);
        assert.ok(performance.now() - began < 15_000, `${performance.now() - began} ms`);
        proxy.resume();
        assert.equal(await catalog.findUpload(newUploadId()), null);
        proxy.pause();
      });
    } finally {
      await proxy.close();
    }
  });

  it('keeps every answered change, and makes no change twice, if the server is killed again and again', () =>
    using(30_000, async (catalog) => {
      await registerReceiver(catalog);
      const answered: string[] = [];
      let isOver = false;
      const workers = Array.from({ length: 6 }, async (_, worker) => {
        while (!isOver) {
          const upload = newUpload(`c${worker}`);
          assert.equal((await catalog.createUpload(upload)).status, 'receiving');
          const received = await catalog.markReceived(receptionOf(upload.id), FILE);
          assert.equal(received.kind, 'received');
          answered.push(upload.id);
        }
      });
      const loader = (async () => {
        for (;;) {
          const claim = await catalog.claimNext(LEASE);
          if (!claim && isOver) return;
          if (!claim) await sleep(5);
          else assert.notEqual(await catalog.commitUpload(commitOf(claim)), 'lost');
        }
      })();
      for (let kills = 0; kills < 6; kills++) {
        await sleep(150 + Math.random() * 150);
        await postgres.server.kill();
        await postgres.server.start();
      }
      isOver = true;
      await Promise.all([...workers, loader]);
      let rows = 0;
      for (let worker = 0; worker < 6; worker++) {
        const id = customerId(`c${worker}`);
        const { items } = await catalog.listUploads(id, { after: null, limit: 100_000 });
        assert.deepEqual(
          new Set(items.map(({ status, attempts }) => `${status} ${attempts}`)),
          new Set(['complete 1']),
        );
        const table = (await catalog.findCustomer(id))?.table;
        assert.equal(table?.rows, 3 * items.length);
        assert.equal(table?.version, items.length);
        rows += items.length;
        for (const item of items) assert.ok(answered.includes(item.id));
      }
      assert.equal(rows, answered.length);
      assert.ok(rows > 20, `${rows} uploads`);
    }));

  it('passes on news to other processes, and says that some were missed when the server was away', () =>
    using(5_000, (one) =>
      using(5_000, async (two) => {
        const [heard, own]: [CatalogNewsItem[], CatalogNewsItem[]] = [[], []];
        two.news.subscribe((item) => heard.push(item));
        one.news.subscribe((item) => own.push(item));
        const changes = Array.from({ length: 100 }, () => ({
          kind: 'upload_changed' as const,
          uploadId: newUploadId(),
          customerId: customerId('a'),
        }));
        for (const change of changes) one.news.publish(change);
        assert.deepEqual(own, changes, 'at once');
        const client = new pg.Client(postgres.url);
        await client.connect();
        const strange = ['x', '{}', '{"from":"x","changes":[null,1,{}]}'];
        for (const message of strange) await client.query('select pg_notify($1, $2)', ['thena_news', message]);
        await client.end();
        await until(() => heard.length === changes.length);
        assert.deepEqual(heard, changes);
        await postgres.server.kill();
        one.news.publish({ kind: 'upload_ended', uploadId: newUploadId(), customerId: null });
        await postgres.server.start();
        const hasMissed = (items: readonly CatalogNewsItem[]): boolean => items.some(({ kind }) => kind === 'missed');
        await until(() => hasMissed(heard) && hasMissed(own));
        two.news.publish({ kind: 'analysis_cancelled', analysisId: 'x', customerId: customerId('a') });
        await until(() => own.some((item: CatalogNewsItem) => item.kind === 'analysis_cancelled'));
        assert.equal(own.filter(({ kind }) => kind === 'upload_changed').length, changes.length);
      }),
    ));
});
