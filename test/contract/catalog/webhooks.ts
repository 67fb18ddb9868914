import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import type { Page } from '../../../src/catalog/page.ts';
import type { AttemptVerdict, Delivery, DeliveryClaim, Webhook } from '../../../src/catalog/webhook.ts';
import { customerId, receptionOf, uploadOptions } from '../../builders.ts';
import {
  A,
  B,
  type CatalogUnderTest,
  commitOf,
  ERROR,
  FAILED,
  FILE,
  LEASE_MS,
  leaseOf,
  REQUEUED,
  YEAR_9999,
} from './catalog-under-test.ts';

const DAY_MS = 86_400_000;
const PAGE = { after: null, limit: 9 };
const ALL = ['upload.complete', 'upload.failed', 'upload.undone'] as const;
const FREE = { busyWebhooks: [], busyCustomers: [] };

export function webhooksContract(t: CatalogUnderTest): void {
  describe('webhooks', () => {
    const acme = customerId('acme');
    beforeEach(async () => {
      for (const id of ['acme', 'b']) {
        await t.catalog.createCustomer({ id: customerId(id), timeColumn: null, columns: null });
      }
    });

    async function add(id: string, change: Partial<Webhook> = {}, max = 9): Promise<Webhook> {
      const webhook = { id, customerId: acme, url: 'http://x/', events: ALL, description: null, secret: `of ${id}` };
      const added = await t.catalog.addWebhook({ ...webhook, ...change }, max);
      assert.ok(added, 'too many');
      return added;
    }

    async function next(lease = A, busy: Partial<typeof FREE> = {}): Promise<DeliveryClaim> {
      return (await t.catalog.claimDelivery({ ...lease, ...FREE, ...busy })) ?? assert.fail('nothing is due');
    }

    const isIdle = async (busy: object = {}) => (await t.catalog.claimDelivery({ ...B, ...FREE, ...busy })) === null;

    const record = ({ delivery, webhook }: DeliveryClaim, verdict: AttemptVerdict, owner = 'a') => {
      const isOk = verdict.kind === 'delivered';
      const attempt = { at: new Date(t.clock), ms: 5, status: isOk ? 200 : 500, error: isOk ? null : 'Status 500.' };
      const lease = { webhookId: webhook.id, eventId: delivery.eventId, owner };
      return t.catalog.recordDeliveryAttempt({ ...lease, attempt, verdict, disableAfterMs: 5 * DAY_MS });
    };

    const deliveries = async (id: string): Promise<readonly Delivery[]> =>
      (await t.catalog.listDeliveries(id, { ...PAGE, limit: 100 })).items;

    it('finds, lists, changes and deletes webhooks of their customer only', async () => {
      const first = await add('w1');
      t.clock++;
      const second = await add('w2', { url: 'http://y/', description: 'alerts' });
      assert.deepEqual(await t.catalog.listWebhooks(acme), [first, second]);
      assert.deepEqual(await t.catalog.findWebhook(acme, 'w2'), second);
      assert.equal(await t.catalog.findWebhook(customerId('b'), 'w2'), null);
      assert.equal(await t.catalog.changeWebhook(customerId('b'), 'w2', { url: 'http://z/' }), null);
      assert.equal(await t.catalog.deleteWebhook(customerId('b'), 'w2'), false);
      const change = { url: 'http://z/', events: ['upload.failed'], description: null } as const;
      assert.deepEqual(await t.catalog.changeWebhook(acme, 'w2', change), { ...second, ...change });
      assert.equal(await t.catalog.deleteWebhook(acme, 'w2'), true);
      assert.equal(await t.catalog.deleteWebhook(acme, 'w2'), false);
      assert.deepEqual(await t.catalog.listWebhooks(acme), [first]);
    });

    it('refuses more webhooks than a customer may have, and those of no customer', async () => {
      const input = { customerId: acme, url: 'http://x/', events: ALL, description: null, secret: 's' };
      const added = await Promise.all(['1', '2', '3'].map((id) => t.catalog.addWebhook({ id, ...input }, 2)));
      assert.equal(added.filter((each) => each !== null).length, 2);
      const nobody = { ...input, id: '4', customerId: customerId('nobody') };
      await assert.rejects(t.catalog.addWebhook(nobody, 2), { code: 'customer_not_found' });
    });

    it('queues an event with every commit, failure and undo, for the webhooks that want it', async () => {
      await add('w1');
      await add('w2', { events: ['upload.failed'] });
      await add('w3', { customerId: customerId('b') });
      const complete = await t.appended('acme', { latestAt: YEAR_9999 });
      t.clock++;
      await t.received('acme');
      const claim = await t.claimed();
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: FAILED });
      t.clock++;
      const undone = await t.catalog.undoUpload(complete.id);
      const shown = [];
      for (let count = 0; count < 3; count++) {
        const { delivery, upload } = await next(A, { busyWebhooks: ['w2'] as never[] });
        assert.equal(delivery.uploadId, upload?.id);
        shown.push([delivery.type, upload]);
      }
      const failed = await t.catalog.findUpload(claim.upload.id);
      assert.deepEqual(failed?.error, ERROR);
      const withoutSegments = { file: { ...FILE, segments: [] } };
      assert.deepEqual(shown, [
        ['upload.complete', { ...complete, ...withoutSegments }],
        ['upload.failed', { ...failed, ...withoutSegments }],
        ['upload.undone', { ...undone, ...withoutSegments }],
      ]);
      const [only, ...rest] = await deliveries('w2');
      assert.deepEqual([only?.type, rest], ['upload.failed', []]);
      assert.equal(only?.eventId, (await deliveries('w1'))[1]?.eventId);
      assert.deepEqual(await deliveries('w3'), []);
    });

    it('queues nothing for what did not happen: lost leases, requeued and cancelled uploads, dry runs', async () => {
      await add('w1');
      await t.received('acme');
      const claim = await t.claimed();
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: REQUEUED });
      await t.catalog.endAttempt({ ...leaseOf(claim), outcome: FAILED });
      assert.equal(await t.catalog.commitUpload(commitOf(claim)), 'lost');
      await t.catalog.endAttempt({ ...leaseOf(await t.claimed()), outcome: { kind: 'cancelled' } });
      const dry = uploadOptions({ dryRun: true });
      for (const end of ['complete', 'failed']) {
        await t.acknowledged((await t.receiving('acme', { options: dry })).id);
        const attempt = await t.claimed();
        if (end === 'complete') await t.commit(attempt, { dryRun: true });
        else await t.catalog.endAttempt({ ...leaseOf(attempt), outcome: FAILED });
      }
      assert.deepEqual(await deliveries('w1'), []);
    });

    it('lets one process at a time send a delivery, until its lease expires', async () => {
      const webhook = await add('w1');
      await t.appended('acme');
      const claims = await Promise.all([A, B].map((lease) => t.catalog.claimDelivery({ ...lease, ...FREE })));
      const won = claims.find((each) => each !== null);
      assert.deepEqual([claims.filter((each) => each !== null).length, won?.webhook], [1, webhook]);
      assert.ok(await isIdle());
      t.clock += LEASE_MS;
      const second = await next({ owner: 'c', leaseMs: LEASE_MS });
      assert.equal(second.delivery.eventId, won?.delivery.eventId);
      assert.equal(await record(second, { kind: 'delivered' }, claims[0] ? 'a' : 'b'), null);
      assert.equal((await deliveries('w1'))[0]?.status, 'pending', 'a lost lease recorded an attempt');
      await record(second, { kind: 'delivered' }, 'c');
      assert.equal((await deliveries('w1'))[0]?.status, 'delivered');
      t.clock += DAY_MS;
      assert.ok(await isIdle());
    });

    it('sends a delivery again after its delay, and after leases were released', async () => {
      await add('w1');
      await t.appended('acme');
      await record(await next(), { kind: 'retry', delayMs: 50 });
      const [pending] = await deliveries('w1');
      assert.deepEqual([pending?.status, pending?.nextAttemptAt], ['pending', new Date(t.clock + 50)]);
      assert.deepEqual(pending?.attempts, [{ at: new Date(t.clock), ms: 5, status: 500, error: 'Status 500.' }]);
      t.clock += 49;
      assert.ok(await isIdle());
      t.clock += 1;
      await next();
      assert.ok(await isIdle());
      await t.catalog.releaseDeliveries('b');
      assert.ok(await isIdle());
      await t.catalog.releaseDeliveries('a');
      await next();
      await t.catalog.releaseDeadLeases();
      await record(await next(), { kind: 'failed' });
      const [failed] = await deliveries('w1');
      assert.deepEqual([failed?.status, failed?.nextAttemptAt, failed?.attempts.length], ['failed', null, 2]);
      assert.deepEqual(failed?.finishedAt, new Date(t.clock));
      assert.deepEqual(await t.catalog.findDelivery('w1', failed?.eventId ?? ''), failed);
    });

    it('passes over busy webhooks and customers', async () => {
      await add('w1');
      await add('w2', { customerId: customerId('b') });
      await t.appended('acme');
      await t.appended('b');
      assert.ok(await isIdle({ busyWebhooks: ['w1', 'w2'] }));
      assert.ok(await isIdle({ busyCustomers: [acme], busyWebhooks: ['w2'] }));
      assert.equal((await next(A, { busyWebhooks: ['w1'] as never[] })).webhook.id, 'w2');
      assert.equal((await next(A, { busyCustomers: [customerId('b')] as never[] })).webhook.id, 'w1');
    });

    it('disables a webhook that has failed for days without a success', async () => {
      await add('w1');
      const fail = async () => {
        await t.appended('acme');
        return record(await next(), { kind: 'retry', delayMs: 100 * DAY_MS });
      };
      await fail();
      t.clock += 4 * DAY_MS;
      await t.appended('acme');
      await record(await next(), { kind: 'delivered' });
      const since = t.clock + DAY_MS;
      t.clock = since;
      assert.equal(await fail(), null);
      t.clock += 5 * DAY_MS - 1;
      assert.equal(await fail(), null);
      assert.deepEqual((await t.catalog.findWebhook(acme, 'w1'))?.failingSince, new Date(since));
      t.clock += 1;
      assert.equal(await fail(), 'failing');
      const disabled = await t.catalog.findWebhook(acme, 'w1');
      assert.deepEqual([disabled?.disabledReason, disabled?.disabledAt], ['failing', new Date(t.clock)]);
      await t.appended('acme');
      const ended = await deliveries('w1');
      assert.deepEqual([ended.length, ended.some(({ status }) => status === 'pending')], [5, false]);
      const enabled = await t.catalog.changeWebhook(acme, 'w1', { enabled: true });
      assert.deepEqual([enabled?.disabledReason, enabled?.failingSince], [null, null]);
      await t.appended('acme');
      await next();
    });

    it('disables a webhook whose receiver is gone, or by a request', async () => {
      await add('w1');
      await add('w2', { customerId: customerId('b') });
      await t.appended('acme');
      await t.appended('b');
      const gone = await next(A, { busyWebhooks: ['w2'] as never[] });
      assert.equal(await record(gone, { kind: 'gone' }), 'gone');
      assert.equal(
        (await t.catalog.changeWebhook(customerId('b'), 'w2', { enabled: false }))?.disabledReason,
        'request',
      );
      assert.equal((await t.catalog.changeWebhook(acme, 'w1', { enabled: false }))?.disabledReason, 'gone');
      assert.ok(await isIdle());
      assert.deepEqual(
        [(await deliveries('w1'))[0]?.status, (await deliveries('w2'))[0]?.status],
        ['failed', 'failed'],
      );
    });

    it('queues a test event, also for a disabled webhook', async () => {
      await add('w1');
      const webhook = await t.catalog.changeWebhook(acme, 'w1', { enabled: false });
      const eventId = await t.catalog.addTestEvent('w1');
      const claim = await next();
      assert.deepEqual([claim.webhook, claim.delivery.eventId], [webhook, eventId]);
      assert.deepEqual([claim.delivery.type, claim.upload], ['webhook.test', null]);
      await record(claim, { kind: 'delivered' });
      assert.equal((await t.catalog.findDelivery('w1', eventId))?.status, 'delivered');
      await assert.rejects(t.catalog.addTestEvent('w2'), { code: 'webhook_not_found' });
    });

    it('lists deliveries in pages, also those of the same moment', async () => {
      await add('w1');
      for (let count = 0; count < 5; count++) {
        await t.appended('acme');
        if (count === 2) t.clock++;
      }
      const seen: string[] = [];
      let page: Page<Delivery> = { items: [], nextCursor: null };
      do {
        page = await t.catalog.listDeliveries('w1', { after: page.nextCursor, limit: 2 });
        seen.push(...page.items.map(({ eventId }) => eventId));
      } while (page.nextCursor !== null);
      assert.deepEqual(
        seen,
        (await deliveries('w1')).map(({ eventId }) => eventId),
      );
      assert.equal(seen.length, 5);
      const cursor = Buffer.from('deliveries:1:x').toString('base64url');
      await assert.rejects(t.catalog.listDeliveries('w1', { after: cursor, limit: 2 }), { code: 'bad_request' });
    });

    it('forgets deliveries some time after they have ended, and nothing else', async () => {
      await add('w1');
      await t.appended('acme');
      await record(await next(), { kind: 'delivered' });
      await t.appended('acme');
      t.clock += DAY_MS - 1;
      await t.catalog.pruneDeliveries(DAY_MS);
      assert.equal((await deliveries('w1')).length, 2);
      t.clock += 1;
      await t.catalog.pruneDeliveries(DAY_MS);
      assert.deepEqual(
        (await deliveries('w1')).map(({ status }) => status),
        ['pending'],
      );
      assert.ok((await next()).upload);
    });

    it('keep a customer that appeared for an upload that was refused', async () => {
      const { id } = await t.receiving('new');
      await add('w1', { customerId: customerId('new') });
      await t.catalog.deleteUpload(receptionOf(id));
      assert.equal((await t.catalog.listWebhooks(customerId('new'))).length, 1);
    });

    it('end with their customer, with what is on its way', async () => {
      await add('w1');
      await t.appended('acme');
      const claim = await next();
      await t.catalog.endDeletion(await t.deleting('acme'));
      assert.deepEqual([await t.catalog.listWebhooks(acme), await deliveries('w1')], [[], []]);
      assert.equal(await record(claim, { kind: 'delivered' }), null);
      t.clock += DAY_MS;
      assert.ok(await isIdle());
    });
  });
}
