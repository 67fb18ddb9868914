import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import type { Claim } from '../../src/catalog/upload-queue.ts';
import { ERRORS, type Problem } from '../../src/errors.ts';
import type { UploadId } from '../../src/model/ids.ts';
import { begunDeletion, customerId, newUpload, receptionOf, registerReceiver } from '../builders.ts';
import { NO_POSTGRES } from '../cluster/postgres-server.ts';
import { commitOf, FILE, leaseOf } from '../contract/catalog/catalog-under-test.ts';
import { fileOf as resumableOf } from '../contract/catalog/resumable-files.ts';
import { postgresForTests } from './postgres-for-tests.ts';

const LEASE_MS = 60_000;

/** What SQLite, with one writer at a time, cannot show. */
describe('several processes that use a catalog on PostgreSQL', { skip: NO_POSTGRES ?? false }, () => {
  const postgres = postgresForTests();
  let one: Catalog;
  let two: Catalog;
  beforeEach(async () => {
    [one, two] = await Promise.all([openPostgresCatalog(postgres.url), openPostgresCatalog(postgres.url)]);
    await registerReceiver(one);
  });
  afterEach(() => Promise.all([one.close(), two.close()]));

  async function received(customer: string): Promise<UploadId> {
    const upload = newUpload(customer);
    await one.createUpload(upload);
    await one.markReceived(receptionOf(upload.id), FILE);
    return upload.id;
  }

  const claim = (catalog: Catalog, owner: string): Promise<Claim | null> =>
    catalog.claimNext({ owner, leaseMs: LEASE_MS });

  /** A session that holds a lock until it is released. */
  async function holding(statement: string): Promise<() => Promise<void>> {
    const client = new pg.Client(postgres.url);
    await client.connect();
    await client.query('begin');
    await client.query(statement);
    return async () => {
      await client.query('rollback');
      await client.end();
    };
  }

  it('are seen, ready, and renew their leases, while all connections wait for a lock', async () => {
    await received('a');
    const claimed = await claim(one, 'a');
    assert.ok(claimed);
    const release = await holding(`update customers set version = version where id = 'a'`);
    const waiting = Array.from({ length: 20 }, () => one.createUpload(newUpload('a')));
    try {
      await sleep(200);
      const before = performance.now();
      assert.equal(await one.heartbeat({ nodeId: 'receiver', instanceId: 'receiver' }), 'alive');
      assert.equal(await one.renewLease({ ...leaseOf(claimed), leaseMs: LEASE_MS }), true);
      await one.ping();
      assert.ok(performance.now() - before < 5_000);
    } finally {
      await release();
      await Promise.all(waiting);
    }
  });

  it('say that they are overloaded, not that PostgreSQL does not answer, if no connection is free', async () => {
    await received('a');
    const small = await openPostgresCatalog(postgres.url, { connections: 1, waitMs: 600 });
    const release = await holding(`update customers set version = version where id = 'a'`);
    try {
      const ends = await Promise.allSettled(Array.from({ length: 10 }, () => small.createUpload(newUpload('a'))));
      const problems = ends.map((end) => (end.status === 'rejected' ? (end.reason as Problem) : null));
      assert.ok(problems.every((problem) => problem?.code === 'catalog_unavailable'));
      // Two had a connection, and waited for the lock.
      const overloaded = problems.filter((problem) => /^The node is overloaded/.test(problem?.detail ?? ''));
      assert.ok(overloaded.length >= 7, `${problems.map((problem) => problem?.detail)}`);
    } finally {
      await release();
      await small.close();
    }
  });

  it('load each upload once, and those of a customer one at a time and in order', async () => {
    const customers = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const sent: Record<string, UploadId[]> = {};
    for (const customer of customers) {
      sent[customer] = [];
      for (let at = 0; at < 8; at++) sent[customer]?.push(await received(customer));
    }
    const loading = new Set<string>();
    const loaded: { readonly customer: string; readonly upload: UploadId }[] = [];
    const load = async (catalog: Catalog, owner: string): Promise<void> => {
      for (;;) {
        const claimed = await claim(catalog, owner);
        if (!claimed) return;
        const customer: string = claimed.customer.id;
        assert.ok(!loading.has(customer), `two uploads of ${customer} at once`);
        loading.add(customer);
        loaded.push({ customer, upload: claimed.upload.id });
        await catalog.renewLease({ ...leaseOf(claimed, owner), leaseMs: LEASE_MS });
        loading.delete(customer);
        assert.notEqual(await catalog.commitUpload({ ...commitOf(claimed), owner }), 'lost');
      }
    };
    // More claims at the same time than customers: some find none that is free, and end before the others.
    const workers = Array.from({ length: 10 }, (_, at) => load(at % 2 ? one : two, `w${at}`));
    await Promise.all(workers);
    await load(one, 'last');
    for (const customer of customers) {
      const order = loaded.filter((each) => each.customer === customer).map(({ upload }) => upload);
      assert.deepEqual(order, sent[customer]);
      assert.equal((await one.findCustomer(customerId(customer)))?.table?.rows, 24);
    }
  });

  it('serve customers in turn', async () => {
    for (const customer of ['a', 'a', 'a', 'b', 'b', 'c']) await received(customer);
    const served: string[] = [];
    for (let at = 0; at < 6; at++) {
      const catalog = at % 2 ? one : two;
      const claimed = await claim(catalog, 'a');
      assert.ok(claimed);
      served.push(claimed.customer.id);
      await catalog.commitUpload(commitOf(claimed));
    }
    assert.deepEqual(served, ['a', 'b', 'c', 'a', 'b', 'a']);
  });

  it('claim the next customer at once if another process has locked the first', async () => {
    const first = await received('a');
    const second = await received('b');
    const release = await holding("select from customers where id = 'a' for update");
    const claimed = await claim(two, 'two');
    assert.equal(claimed?.upload.id, second);
    await release();
    assert.equal((await claim(one, 'one'))?.upload.id, first);
  });

  it('commit uploads of other customers while the commit of one takes its time', async () => {
    for (const customer of ['a', 'b']) await received(customer);
    const [a, b] = [await claim(one, 'a'), await claim(two, 'a')];
    assert.ok(a && b);
    const release = await holding(`select from customers where id = '${a.customer.id}' for update`);
    let isCommitted = false;
    const waiting = one.commitUpload(commitOf(a)).then((upload) => {
      isCommitted = true;
      return upload;
    });
    assert.notEqual(await two.commitUpload(commitOf(b)), 'lost');
    assert.equal(isCommitted, false);
    await release();
    assert.notEqual(await waiting, 'lost');
  });

  it('undo and commit at the same time, so that the table has the rows of the committed uploads', async () => {
    const complete: UploadId[] = [];
    for (let at = 0; at < 12; at++) {
      await received('a');
      const claimed = await claim(one, 'a');
      assert.ok(claimed);
      const undone = complete.splice(0, at % 3);
      const [committed, ...undos] = await Promise.all([
        one.commitUpload(commitOf(claimed, { firstRowAt: BigInt(at), earliestAt: BigInt(at), latestAt: BigInt(at) })),
        ...undone.flatMap((id) => [one.undoUpload(id), two.undoUpload(id)]),
      ]);
      assert.notEqual(committed, 'lost');
      assert.equal(undos.filter((undo) => undo !== null).length, undone.length, 'each is undone once');
      complete.push(claimed.upload.id);
      const table = (await two.findCustomer(customerId('a')))?.table;
      assert.equal(table?.rows, 3 * complete.length);
      assert.equal(table?.latestAt, BigInt(at));
      const tags = (await one.committedRows(customerId('a'))).length;
      assert.equal(tags, complete.length);
    }
  });

  it('let an upload begin before a deletion, which then waits for it, or refuse it', async () => {
    for (let round = 0; round < 15; round++) {
      const id = customerId(`c${round}`);
      await one.createCustomer({ id, timeColumn: null, columns: null });
      const upload = newUpload(id);
      const [created, deletion] = await Promise.allSettled([one.createUpload(upload), two.beginDeletion(id)]);
      assert.ok(deletion.status === 'fulfilled');
      const found = await one.findUpload(upload.id);
      if (created.status === 'fulfilled') assert.deepEqual(deletion.value, { kind: 'busy', uploads: [upload.id] });
      else {
        assert.equal(created.reason.code, 'customer_busy');
        assert.equal(deletion.value.kind, 'begun');
        assert.equal(found, null);
      }
    }
  });

  it('register first uploads of a customer while others are withdrawn, with which it disappears', async () => {
    const rounds = async (catalog: Catalog): Promise<void> => {
      for (let round = 0; round < 100; round++) {
        const { id } = await catalog.createUpload(newUpload('a'));
        await catalog.deleteUpload(receptionOf(id));
      }
    };
    await Promise.all([one, two, one, two].map(rounds));
    assert.equal(await one.findCustomer(customerId('a')), null);
  });

  it('begin no more resumable files than a customer may have', async () => {
    const begun = await Promise.allSettled(
      Array.from({ length: 20 }, (_, at) => (at % 2 ? one : two).createResumable(resumableOf('a'), 5)),
    );
    assert.equal(begun.filter(({ status }) => status === 'fulfilled').length, 5);
    assert.equal((await one.resumablesOf(customerId('a'))).length, 5);
  });

  it('add more keys at once than there are connections', async () => {
    const ids = Array.from({ length: 20 }, (_, at) => customerId(`c${at}`));
    for (const id of ids) await one.createCustomer({ id, timeColumn: null, columns: null });
    const before = performance.now();
    const key = (id: string) => ({ id: `k-${id}`, hash: `h-${id}`, label: null, rights: ['read'] as const });
    await Promise.all(ids.map((id) => one.addKey({ ...key(id), customerId: id })));
    const ms = performance.now() - before;
    assert.ok(ms < 3_000, `they waited for each other for ${ms} ms`);
  });

  it('add keys, webhooks and events to a customer that is being deleted, or report that it is gone', async () => {
    for (let round = 0; round < 10; round++) {
      const id = customerId(`c${round}`);
      await one.createCustomer({ id, timeColumn: null, columns: null });
      const webhook = { id: `w${round}`, customerId: id, url: 'https://example.org', description: null, secret: 's' };
      await one.addWebhook({ ...webhook, events: [] }, 9);
      const deletion = await begunDeletion(one, id);
      const key = (at: number) => ({ id: `k${round}-${at}`, customerId: id, hash: `h${round}-${at}`, label: null });
      const results = await Promise.allSettled([
        ...[1, 2, 3].map((at) => one.addKey({ ...key(at), rights: ['read'] })),
        one.addTestEvent(webhook.id),
        two.endDeletion(deletion),
        two.addTestEvent(webhook.id),
        two.addWebhook({ ...webhook, id: `v${round}`, events: [] }, 9),
        one.changeWebhook(id, webhook.id, { enabled: false }),
      ]);
      for (const result of results) {
        if (result.status === 'rejected') assert.equal(ERRORS[(result.reason as Problem).code]?.status, 404);
      }
      assert.deepEqual(await one.listKeys(id), []);
    }
  });

  it('never remove a customer with its new key because its only upload was refused', async () => {
    for (let round = 0; round < 15; round++) {
      const upload = newUpload(`c${round}`);
      await one.createUpload(upload);
      const key = { id: `k${round}`, customerId: upload.customerId, hash: `h${round}`, label: null };
      const [added] = await Promise.allSettled([
        two.addKey({ ...key, rights: ['read'] }),
        one.deleteUpload(receptionOf(upload.id)),
      ]);
      assert.equal((await one.findKeyByHash(key.hash)) !== null, added.status === 'fulfilled');
    }
  });

  it('repeat what ends in a deadlock', async () => {
    for (const customer of ['a', 'b'])
      await one.createCustomer({ id: customerId(customer), timeColumn: null, columns: null });
    const client = new pg.Client(postgres.url);
    await client.connect();
    // Long enough that the other one is the victim.
    await client.query("set deadlock_timeout = '60s'");
    await client.query("begin; select from customers where id = 'a' for update");
    await client.query('create table slow (id text)');
    await client.query(`create function wait_for_a() returns trigger language plpgsql as $$
      begin perform from customers where id = 'a' for update; return new; end $$`);
    await client.query('commit; begin');
    await client.query('create trigger wait before insert on uploads for each row execute function wait_for_a()');
    await client.query("commit; begin; select from customers where id = 'a' for update");
    // It has the lock of b and waits for that of a.
    const created = one.createUpload(newUpload('b'));
    await client.query('select pg_sleep(0.2)');
    const locked = client.query("select from customers where id = 'b' for update");
    await locked;
    await client.query('rollback');
    assert.equal((await created).status, 'receiving');
    await client.end();
  });

  it('acknowledge no more bytes than the queue may have, whichever process counts them', async () => {
    const limits = { maxWaitingUploads: 100, maxWaitingBytes: 100 };
    const uploads = Array.from({ length: 16 }, (_, at) => newUpload(`c${at}`));
    for (const upload of uploads) await one.createUpload(upload);
    const kinds = await Promise.all(
      uploads.map(async ({ id }, at) => (await (at % 2 ? one : two).markReceived(receptionOf(id), FILE, limits)).kind),
    );
    // 15 bytes each. Below half of the limit nobody waits: these may all be counted at the same time.
    const acknowledged = kinds.filter((kind) => kind === 'received').length;
    assert.ok(acknowledged >= 6, `${acknowledged}`);
    const { bytesInAll } = await one.queueUsage(null);
    assert.equal(bytesInAll, acknowledged * 15);
    const late = newUpload('late');
    await one.createUpload(late);
    assert.equal((await one.markReceived(receptionOf(late.id), FILE, limits)).kind, 'queue_full');
  });
});
