import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { forgetCommits, provenCommit } from '../../src/catalog/postgres/commit.ts';
import { ConnectionLost, OutcomeUnknown } from '../../src/catalog/postgres/failures.ts';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { newUploadId } from '../../src/model/ids.ts';
import { begunDeletion, customerId, newUpload, receptionOf, registerReceiver } from '../builders.ts';
import { NO_POSTGRES } from '../cluster/postgres-server.ts';
import { type Cut, type TcpProxy, tcpProxy } from '../cluster/tcp-proxy.ts';
import { A, commitOf, FAILED, FILE, leaseOf } from '../contract/catalog/catalog-under-test.ts';
import { postgresForTests } from './postgres-for-tests.ts';

const a = customerId('a');
const KEY = { id: 'k1', customerId: a, hash: 'h', label: null, rights: ['read'] } as const;
const WEBHOOK = {
  id: 'w1',
  customerId: a,
  url: 'https://example.org/',
  events: ['upload.complete', 'upload.failed', 'upload.undone'],
  description: 'a\0b',
  secret: 's',
} as const;

/** Every kind of call that changes something. @returns their answers, and what the catalog then contains */
async function everyCall(catalog: Catalog, tick: () => void): Promise<readonly string[]> {
  const answers: unknown[] = [];
  const said = async <T>(answer: Promise<T>): Promise<T> => {
    answers.push(await answer);
    tick();
    return answer;
  };
  const received = async () => {
    const { id } = await said(catalog.createUpload(newUpload('a')));
    await said(catalog.markReceived(receptionOf(id), FILE, { maxWaitingBytes: 100, maxWaitingUploads: 9 }));
    return id;
  };
  const claimed = async () => {
    const claim = await said(catalog.claimNext({ ...A, leaseMs: 60_000 }));
    assert.ok(claim);
    return claim;
  };
  await said(registerReceiver(catalog));
  await said(catalog.createCustomer({ id: a, timeColumn: null, columns: null }));
  await said(catalog.addKey(KEY));
  const keyed = { id: customerId('keyed'), timeColumn: null, columns: null };
  await said(catalog.createCustomerWithKey(keyed, { ...KEY, id: 'k2', hash: 'h2' }));
  await said(catalog.addSession({ hash: 's', keyId: 'k1', adminProof: null, lifetimeMs: 1e12 }, 9));
  await said(catalog.addWebhook(WEBHOOK, 1));
  const first = await received();
  await said(catalog.commitUpload(commitOf(await claimed())));
  await received();
  const second = await claimed();
  const target = await said(catalog.retag(leaseOf(second)));
  assert.notEqual(target, 'lost');
  const retagged = {
    ...leaseOf(second),
    ...(typeof target === 'number' ? { tag: target } : (target as unknown as object)),
  };
  await said(catalog.renewLease({ ...retagged, leaseMs: 60_000 }));
  await said(catalog.endAttempt({ ...retagged, outcome: { kind: 'requeued', engineDied: true } }));
  await said(catalog.endAttempt({ ...leaseOf(await claimed()), outcome: FAILED }));
  await said(catalog.undoUpload(first));
  const third = await received();
  await said(catalog.cancelUpload(third));
  const early = await said(catalog.createUpload(newUpload('a')));
  await said(catalog.claimReceiving({ uploadId: early.id, ...A }));
  for (let sent = 0; sent < 3; sent++) {
    const claim = await said(
      catalog.claimDelivery({ owner: 'a', leaseMs: 60_000, busyWebhooks: [], busyCustomers: [] }),
    );
    assert.ok(claim);
    const attempt = { at: new Date(0), ms: 1, status: 410, error: 'Gone.' };
    const verdict = { kind: sent === 2 ? 'gone' : 'delivered' } as const;
    const ids = { webhookId: 'w1', eventId: claim.delivery.eventId, owner: 'a' };
    await said(catalog.recordDeliveryAttempt({ ...ids, attempt, verdict, disableAfterMs: 1 }));
  }
  await said(catalog.changeWebhook(a, 'w1', { enabled: true }));
  await said(catalog.addTestEvent('w1'));
  await said(catalog.listDeliveries('w1', { after: null, limit: 9 }));
  await said(catalog.listUploads(a, { after: null, limit: 9 }));
  await said(catalog.findCustomer(a));
  await said(catalog.uncommittedTags(a));
  await said(catalog.deleteWebhook(a, 'w1'));
  await said(catalog.revokeKey(a, 'k1'));
  const refused = newUpload('b');
  await said(catalog.createUpload(refused));
  await said(catalog.deleteUpload(receptionOf(refused.id)));
  await said(catalog.findCustomer(customerId('b')));
  await said(catalog.createCustomer({ id: customerId('c'), timeColumn: null, columns: null }));
  await said(catalog.beginDeletion(customerId('c')).then(({ kind }) => kind));
  await said(begunDeletion(catalog, customerId('c')).then((deletion) => catalog.endDeletion(deletion)));
  return withoutRandomIds(answers);
}

/** Replaces each random ID by the number of its first occurrence. */
function withoutRandomIds(answers: readonly unknown[]): readonly string[] {
  const known = new Map<string, string>();
  const json = answers.map(
    (answer) => JSON.stringify(answer, (_, value) => (typeof value === 'bigint' ? `${value}n` : value)) ?? '',
  );
  return json.map((text) =>
    text.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\b[0-9a-f]{12}\b|msg_[0-9a-f]{32}/g, (id) => {
      if (!known.has(id)) known.set(id, `id ${known.size}`);
      return known.get(id) ?? '';
    }),
  );
}

describe('a catalog on PostgreSQL whose connections are lost', { skip: NO_POSTGRES ?? false }, () => {
  const postgres = postgresForTests();
  let proxy: TcpProxy;
  let clock = 0;
  /** Between the calls, so that a repeated one has the same time. */
  const tick = (): void => void clock++;
  before(async () => {
    proxy = await tcpProxy(Number(new URL(await postgres.server.createDatabase()).port));
  });
  after(() => proxy.close());

  async function open(through: TcpProxy | null): Promise<Catalog> {
    const url = new URL(await postgres.server.createDatabase());
    if (through) url.port = `${through.port}`;
    clock = Date.UTC(2026, 0, 1);
    return openPostgresCatalog(url.href, { now: async () => clock, connections: 1 });
  }

  for (const how of ['answer_lost', 'message_lost', 'message_late'] satisfies Cut[]) {
    it(`does everything once, and answers as usual, if each commit is lost once: ${how}`, async () => {
      const direct = await open(null);
      const expected = await everyCall(direct, tick);
      await direct.close();
      const before = proxy.cuts;
      const catalog = await open(proxy);
      const unreliable = new Proxy(catalog, {
        get(target, name) {
          const value = Reflect.get(target, name);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            proxy.cut(how, '; commit', 1);
            return value(...args);
          };
        },
      });
      const got = await everyCall(unreliable, tick).finally(() => catalog.close());
      for (const [at, answer] of expected.entries()) assert.equal(got[at], answer, `answer ${at}`);
      assert.ok(proxy.cuts - before > 35, `${proxy.cuts - before} commits were cut`);
    });
  }

  it('does not take a commit for lost whose proof was forgotten while the process was suspended', async () => {
    const pool = new pg.Pool({ connectionString: postgres.url });
    try {
      await (await openPostgresCatalog(postgres.url)).close();
      const session = {
        async execute(sql: string) {
          await pool.query(sql);
          // As long as entries are kept, and another node forgets them.
          await sleep(400);
          await forgetCommits(pool, 300);
          throw new ConnectionLost('The answer is lost.');
        },
      };
      await assert.rejects(provenCommit(pool, 300)(session, Date.now()), OutcomeUnknown);
    } finally {
      await pool.end();
    }
  });

  it('reads again if the connection is lost during a read', async () => {
    const catalog = await open(proxy);
    proxy.cut('answer_lost', 'from "uploads"', 3);
    assert.equal(await catalog.findUpload(newUploadId()), null);
    assert.equal((await catalog.createUpload(newUpload('a'))).status, 'receiving');
    await catalog.close();
  });
});
