import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { AttemptOutcome, Catalog, Claim, CommitUpload, Customer } from '../../src/catalog/catalog.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import type { Received, ReceivedFile, Upload, UploadOptions } from '../../src/catalog/upload.ts';
import { Problem } from '../../src/errors.ts';
import { type CustomerId, newUploadId, parseCustomerId, type UploadId } from '../../src/model/ids.ts';

interface Place {
  /** Another connection to the same catalog. */
  connect(now: () => number): Promise<Catalog>;
  remove(): Promise<void>;
}

const CATALOGS: readonly { readonly name: string; readonly open: () => Promise<Place> }[] = [
  {
    name: 'SQLite',
    open: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'thena-catalog-'));
      return {
        connect: (now) => openSqliteCatalog(join(folder, 'catalog.sqlite'), now),
        remove: () => rm(folder, { recursive: true }),
      };
    },
  },
];

const id = (text: string): CustomerId => parseCustomerId(text) as CustomerId;
const LEASE_MS = 1_000;
const A = { owner: 'a', leaseMs: LEASE_MS };
const B = { owner: 'b', leaseMs: LEASE_MS };
const OPTIONS: UploadOptions = {
  delimiter: ';',
  quote: null,
  header: true,
  encoding: 'windows-1252',
  onError: 'skip',
  duplicates: 'append',
  dryRun: false,
};
const FILE: ReceivedFile = {
  bytes: 20,
  sha256: 'ab'.repeat(32),
  encoding: 'utf-8',
  dialect: { delimiter: ',', quote: '"', header: true },
  columns: ['at', 'n'],
  headerText: 'at,n',
  records: 3,
  segments: [{ path: '0.csv', bytes: 15, records: 3, multiline: false, firstLine: 2, shapes: [] }],
  origin: null,
};
const COLUMNS = [
  { name: 'at', type: 'timestamp', format: '%d/%m/%Y' },
  { name: 'n', type: 'integer', format: null },
] as const;
const ERROR = { code: 'rows_rejected', detail: 'Line 2 has "nö".', extra: { rejected: 1, rejects: [{ line: 2 }] } };
const FAILED: AttemptOutcome = { kind: 'failed', error: ERROR, retryUntil: new Date(Date.UTC(2026, 0, 2)) };
const REQUEUED: AttemptOutcome = { kind: 'requeued', engineDied: false };
const YEAR_1 = -62_135_596_800_000_000n;
const YEAR_9999 = 253_402_300_799_999_999n;

for (const { name, open } of CATALOGS) {
  describe(`the catalog in ${name}`, () => {
    let place: Place;
    let clock: number;
    let catalog: Catalog;
    let connected: Catalog[];

    const connect = async (): Promise<Catalog> => {
      const opened = await place.connect(() => clock);
      connected.push(opened);
      return opened;
    };
    beforeEach(async () => {
      clock = Date.UTC(2026, 0, 1);
      connected = [];
      place = await open();
      catalog = await connect();
    });
    afterEach(async () => {
      for (const each of connected) await each.close();
      await place.remove();
    });

    const receiving = async (customer: string): Promise<Upload> =>
      catalog.createUpload({
        id: newUploadId(),
        customerId: id(customer),
        filename: 'f.csv',
        options: OPTIONS,
        idempotencyKey: null,
        retryOf: null,
      });
    const acknowledged = async (uploadId: UploadId, file = FILE): Promise<Upload> => {
      const outcome = await catalog.markReceived(uploadId, file);
      assert.equal(outcome.kind, 'received');
      return (outcome as Extract<Received, { kind: 'received' }>).upload;
    };
    const received = async (customer: string): Promise<Upload> => acknowledged((await receiving(customer)).id);
    const claimed = async (lease = A): Promise<Claim> => {
      const claim = await catalog.claimNext(lease);
      assert.ok(claim, 'nothing was claimed');
      return claim;
    };
    const commitOf = ({ upload, tag }: Claim, change: Partial<CommitUpload> = {}): CommitUpload => ({
      uploadId: upload.id,
      tag,
      owner: 'a',
      columns: COLUMNS,
      timeColumn: 'at',
      rows: 3,
      dryRun: false,
      firstRowAt: 20n,
      earliestAt: 10n,
      latestAt: 30n,
      receipt: { rowsInFile: 3, appended: 3, rejected: 0, columns: COLUMNS, warnings: ['read month first'] },
      ...change,
    });
    const commit = async (claim: Claim, change: Partial<CommitUpload> = {}): Promise<Upload> => {
      const upload = await catalog.commitUpload(commitOf(claim, change));
      assert.notEqual(upload, 'lost');
      return upload as Upload;
    };
    const appended = async (customer: string, change: Partial<CommitUpload> = {}): Promise<Upload> => {
      const upload = await received(customer);
      const claim = await claimed();
      assert.equal(claim.upload.id, upload.id, 'an older upload waits');
      return commit(claim, change);
    };
    const statusOf = async (uploadId: UploadId) => (await catalog.findUpload(uploadId))?.status;
    const tableOf = async (customer: string) => (await catalog.findCustomer(id(customer)))?.table;
    const attemptAt = ({ upload, tag }: Claim, owner = 'a') => ({ uploadId: upload.id, tag, owner });
    const addKey = (customer: string, keyId: string) =>
      catalog.addKey({
        id: keyId,
        customerId: id(customer),
        hash: `hash of ${keyId}`,
        label: 'laptop',
        rights: ['read', 'upload'],
      });
    const isBadRequest = (error: unknown): boolean => error instanceof Problem && error.code === 'bad_request';

    describe('customers', () => {
      it('keeps what was declared when the customer was created', async () => {
        const columns = [{ name: 'naïve "at"', type: 'date', format: '%d.%m.%Y' }] as const;
        const expected: Customer = {
          id: id('acme'),
          createdAt: new Date(clock),
          declaredTimeColumn: 'at',
          declaredColumns: columns,
          table: null,
        };
        assert.deepEqual(await catalog.createCustomer({ id: id('acme'), timeColumn: 'at', columns }), expected);
        assert.deepEqual(await catalog.findCustomer(id('acme')), expected);
        assert.equal(await catalog.findCustomer(id('other')), null);
      });

      it('says that a customer exists, and leaves it as it is', async () => {
        await catalog.createCustomer({ id: id('acme'), timeColumn: 'at', columns: null });
        assert.equal(await catalog.createCustomer({ id: id('acme'), timeColumn: 'b', columns: null }), 'exists');
        assert.equal((await catalog.findCustomer(id('acme')))?.declaredTimeColumn, 'at');
      });

      it('lists customers by id, page by page', async () => {
        for (const text of ['c', 'a', 'e', 'b', 'd']) {
          await catalog.createCustomer({ id: id(text), timeColumn: null, columns: null });
        }
        const pages: string[][] = [];
        let after: string | null = null;
        do {
          const page = await catalog.listCustomers({ after, limit: 2 });
          pages.push(page.items.map((customer) => customer.id));
          after = page.nextCursor;
        } while (after !== null);
        assert.deepEqual(pages, [['a', 'b'], ['c', 'd'], ['e']]);
      });

      it('has no next page where the last one is full', async () => {
        await catalog.createCustomer({ id: id('a'), timeColumn: null, columns: null });
        assert.equal((await catalog.listCustomers({ after: null, limit: 1 })).nextCursor, null);
      });

      it('removes a customer with its keys, uploads and tags, and nobody else', async () => {
        for (const customer of ['acme', 'other']) {
          await received(customer);
          await claimed();
          await addKey(customer, `key of ${customer}`);
        }
        const [gone] = (await catalog.listUploads(id('acme'), { after: null, limit: 9 })).items;
        assert.ok(gone);
        assert.equal(await catalog.deleteCustomer(id('acme')), true);
        assert.equal(await catalog.deleteCustomer(id('acme')), false);
        assert.equal(await catalog.findCustomer(id('acme')), null);
        assert.equal(await catalog.findUpload(gone.id), null);
        assert.equal(await catalog.findKeyByHash('hash of key of acme'), null);
        assert.deepEqual(await catalog.uncommittedTags(id('acme')), []);
        assert.ok(await catalog.findKeyByHash('hash of key of other'));
        assert.deepEqual(await catalog.uncommittedTags(id('other')), [1]);
        assert.equal((await catalog.listUploads(id('other'), { after: null, limit: 9 })).items.length, 1);
      });
    });

    describe('the deletion of a customer', () => {
      it('is refused while an upload has not ended, and changes nothing then', async () => {
        await appended('acme');
        const waiting = [await receiving('acme'), await receiving('acme')];
        assert.deepEqual(
          await catalog.beginDeletion(id('acme')),
          waiting.map((upload) => upload.id),
        );
        assert.equal((await catalog.findCustomer(id('acme')))?.table?.rows, 3);
        assert.deepEqual(await catalog.customersInDeletion(), []);
        assert.equal((await catalog.markReceived(waiting[0]?.id as UploadId, FILE)).kind, 'received');
      });

      it('leaves it without a table and refuses its uploads from the first step on, and can be asked for again', async () => {
        await appended('acme');
        await receiving('other');
        for (let asked = 0; asked < 2; asked++) assert.deepEqual(await catalog.beginDeletion(id('acme')), []);
        assert.deepEqual(await catalog.customersInDeletion(), ['acme']);
        assert.equal((await catalog.findCustomer(id('acme')))?.table, null);
        await assert.rejects(receiving('acme'), { code: 'customer_busy' });
        await receiving('other');
        await catalog.deleteCustomer(id('acme'));
        assert.deepEqual(await catalog.customersInDeletion(), []);
        await receiving('acme');
      });

      it('and an upload that begins in the same moment: one of them is refused', async () => {
        for (let round = 0; round < 20; round++) {
          const customer = `both-${round}`;
          await catalog.createCustomer({ id: id(customer), timeColumn: null, columns: null });
          const [upload, underWay] = await Promise.all([
            receiving(customer).catch((error: Problem) => error.code),
            catalog.beginDeletion(id(customer)),
          ]);
          assert.equal(typeof upload === 'string', underWay.length === 0, 'both, or neither');
        }
      });

      it('is not undone by an upload whose customer may not appear', async () => {
        const upload = {
          id: newUploadId(),
          customerId: id('gone'),
          filename: null,
          options: OPTIONS,
          idempotencyKey: null,
          retryOf: null,
        };
        await assert.rejects(catalog.createUpload({ ...upload, customerMayAppear: false }), {
          code: 'customer_not_found',
        });
        assert.equal(await catalog.findCustomer(id('gone')), null);
      });
    });

    describe('keys', () => {
      beforeEach(() => catalog.createCustomer({ id: id('acme'), timeColumn: null, columns: null }));

      it('finds a key by its hash, until it is revoked', async () => {
        const key = await addKey('acme', 'k1');
        const { hash: _, ...shown } = { ...key, hash: '' };
        assert.deepEqual(shown, {
          id: 'k1',
          customerId: 'acme',
          label: 'laptop',
          rights: ['read', 'upload'],
          createdAt: new Date(clock),
          revokedAt: null,
        });
        assert.deepEqual(await catalog.findKeyByHash('hash of k1'), key);
        assert.equal(await catalog.findKeyByHash('hash of k2'), null);
        clock += 5;
        assert.equal(await catalog.revokeKey(id('acme'), 'k1'), true);
        assert.equal(await catalog.findKeyByHash('hash of k1'), null);
        assert.deepEqual(await catalog.listKeys(id('acme')), [{ ...key, revokedAt: new Date(clock) }]);
      });

      it('revokes a key once, and only its own customer can', async () => {
        await addKey('acme', 'k1');
        assert.equal(await catalog.revokeKey(id('other'), 'k1'), false);
        assert.ok(await catalog.findKeyByHash('hash of k1'));
        assert.equal(await catalog.revokeKey(id('acme'), 'k1'), true);
        assert.equal(await catalog.revokeKey(id('acme'), 'k1'), false);
      });

      it("lists a customer's keys alone, oldest first", async () => {
        await catalog.createCustomer({ id: id('other'), timeColumn: null, columns: null });
        await addKey('acme', 'z');
        clock += 1;
        await addKey('acme', 'a');
        await addKey('other', 'o');
        assert.deepEqual(
          (await catalog.listKeys(id('acme'))).map((key) => key.id),
          ['z', 'a'],
        );
      });

      it('refuses a key for a customer that is gone', async () => {
        await assert.rejects(addKey('gone', 'k1'), { code: 'customer_not_found' });
      });
    });

    describe('uploads', () => {
      it('registers an upload, and the customer that is new with it', async () => {
        const upload = await receiving('acme');
        assert.deepEqual(upload, {
          id: upload.id,
          customerId: 'acme',
          status: 'receiving',
          filename: 'f.csv',
          options: OPTIONS,
          idempotencyKey: null,
          retryOf: null,
          corrects: null,
          correctedBy: null,
          duplicateOf: null,
          file: null,
          receipt: null,
          error: null,
          attempts: 0,
          engineDeaths: 0,
          createdAt: new Date(clock),
          receivedAt: null,
          finishedAt: null,
          retryUntil: null,
        });
        assert.deepEqual(await catalog.findUpload(upload.id), upload);
        assert.equal((await catalog.findCustomer(id('acme')))?.table, null);
      });

      it('leaves a customer that exists as it was when an upload comes', async () => {
        await catalog.createCustomer({ id: id('acme'), timeColumn: 'at', columns: null });
        await receiving('acme');
        assert.equal((await catalog.findCustomer(id('acme')))?.declaredTimeColumn, 'at');
      });

      it('keeps what was received', async () => {
        const { id: uploadId } = await receiving('acme');
        clock += 7;
        const upload = await acknowledged(uploadId);
        assert.equal(upload.status, 'received');
        assert.deepEqual(upload.file, FILE);
        assert.deepEqual(upload.receivedAt, new Date(clock));
        assert.deepEqual(await catalog.findUpload(uploadId), upload);
      });

      it('acknowledges once: a second acknowledgement changes nothing', async () => {
        const upload = await received('acme');
        clock += 5;
        assert.deepEqual(await acknowledged(upload.id, { ...FILE, records: 99 }), upload);
        await assert.rejects(catalog.markReceived(newUploadId(), FILE), { code: 'upload_not_found' });
      });

      it('is ingesting when it is received while it is claimed', async () => {
        const { id: uploadId } = await receiving('acme');
        assert.ok(await catalog.claimReceiving({ uploadId, ...A }));
        assert.equal((await acknowledged(uploadId)).status, 'ingesting');
      });

      it('is received when the claim it had ran out', async () => {
        const { id: uploadId } = await receiving('acme');
        assert.ok(await catalog.claimReceiving({ uploadId, ...A }));
        clock += LEASE_MS;
        assert.equal((await acknowledged(uploadId)).status, 'received');
      });

      it('forgets a refused upload, and the customer that appeared with it', async () => {
        const { id: uploadId } = await receiving('acme');
        await catalog.deleteUpload(uploadId);
        assert.equal(await catalog.findUpload(uploadId), null);
        assert.equal(await catalog.findCustomer(id('acme')), null);
        await catalog.deleteUpload(uploadId);
      });

      it('forgets the customer with the last of several refused first uploads', async () => {
        const first = await receiving('acme');
        const second = await receiving('acme');
        await catalog.deleteUpload(first.id);
        assert.ok(await catalog.findCustomer(id('acme')));
        await catalog.deleteUpload(second.id);
        assert.equal(await catalog.findCustomer(id('acme')), null);
      });

      it('keeps a customer that has anything when a refused upload is forgotten', async () => {
        await catalog.createCustomer({ id: id('created'), timeColumn: null, columns: null });
        const refused = [await receiving('created'), await receiving('keyed'), await receiving('tagged')];
        await addKey('keyed', 'k1');
        await catalog.claimReceiving({ uploadId: (refused[2] as Upload).id, ...A });
        await appended('tabled');
        refused.push(await receiving('tabled'));
        for (const upload of refused) await catalog.deleteUpload(upload.id);
        const { items } = await catalog.listCustomers({ after: null, limit: 9 });
        assert.deepEqual(
          items.map((customer) => customer.id),
          ['created', 'keyed', 'tabled', 'tagged'],
        );
      });

      it('never forgets an upload that was acknowledged', async () => {
        const upload = await received('acme');
        await catalog.deleteUpload(upload.id);
        assert.deepEqual(await catalog.findUpload(upload.id), upload);
      });

      it("lists a customer's uploads newest first, page by page, in their order even within one millisecond", async () => {
        const made: UploadId[] = [];
        for (let at = 0; at < 5; at++) made.unshift((await receiving('acme')).id);
        await receiving('other');
        const listed: UploadId[][] = [];
        let after: string | null = null;
        do {
          const page = await catalog.listUploads(id('acme'), { after, limit: 2 });
          listed.push(page.items.map((upload) => upload.id));
          after = page.nextCursor;
        } while (after !== null);
        assert.deepEqual(listed, [made.slice(0, 2), made.slice(2, 4), made.slice(4)]);
      });

      it('refuses a cursor that it did not give', async () => {
        for (const customer of ['a', 'b']) for (let at = 0; at < 2; at++) await receiving(customer);
        const customers = (await catalog.listCustomers({ after: null, limit: 1 })).nextCursor as string;
        const uploads = (await catalog.listUploads(id('a'), { after: null, limit: 1 })).nextCursor as string;
        const forged = (text: string): string => Buffer.from(text).toString('base64url');
        for (const after of [
          '',
          '!',
          'a',
          `${customers}=`,
          ` ${customers}`,
          uploads,
          forged('customers:A b'),
          forged('customers-a'),
        ]) {
          await assert.rejects(catalog.listCustomers({ after, limit: 1 }), isBadRequest, `customers after '${after}'`);
        }
        for (const after of ['', '!', `${uploads}!`, customers, forged('uploads:'), forged('uploads:1e3')]) {
          await assert.rejects(
            catalog.listUploads(id('a'), { after, limit: 1 }),
            isBadRequest,
            `uploads after '${after}'`,
          );
        }
      });

      it('finds uploads by their state, oldest first, whosever they are', async () => {
        await appended('c');
        const first = await received('b');
        clock += 1;
        const second = await receiving('a');
        const third = await receiving('a');
        const found = await catalog.uploadsInStatus(['receiving', 'received']);
        assert.deepEqual(
          found.map((upload) => upload.id),
          [first.id, second.id, third.id],
        );
      });
    });

    describe('the queue', () => {
      it('hands out the oldest upload, with its customer, a tag and a lease', async () => {
        const first = await received('b');
        clock += 1;
        await received('a');
        const claim = await claimed();
        assert.deepEqual(claim.upload, { ...first, status: 'ingesting', attempts: 1 });
        assert.equal(claim.customer.id, 'b');
        assert.equal(claim.tag, 1);
        assert.deepEqual(await catalog.findUpload(first.id), claim.upload);
      });

      it('hands out nothing that is still being received, or has ended', async () => {
        await receiving('a');
        await appended('b');
        await received('c');
        await catalog.endAttempt({ ...attemptAt(await claimed()), outcome: FAILED });
        assert.equal(await catalog.claimNext(A), null);
      });

      it("keeps a customer's uploads in order, one at a time, and lets other customers go on", async () => {
        const first = await received('a');
        const second = await received('a');
        clock += 1;
        const other = await received('b');
        const claim = await claimed();
        assert.equal(claim.upload.id, first.id);
        assert.equal((await claimed(B)).upload.id, other.id);
        assert.equal(await catalog.claimNext(B), null);
        await commit(claim);
        assert.equal((await claimed(B)).upload.id, second.id);
      });

      it("keeps a customer's uploads in order when the clock is set back", async () => {
        const first = await received('a');
        clock -= 60_000;
        await received('a');
        assert.equal((await claimed()).upload.id, first.id);
      });

      it('waits for an upload of the same customer that is loaded while it is received', async () => {
        const early = await receiving('a');
        assert.ok(await catalog.claimReceiving({ uploadId: early.id, ...A }));
        await received('a');
        assert.equal(await catalog.claimNext(B), null);
      });

      it('hands out an upload again when its lease ran out, before younger ones, under a fresh tag', async () => {
        await received('a');
        await received('a');
        const lost = await claimed();
        clock += LEASE_MS - 1;
        assert.equal(await catalog.claimNext(B), null);
        clock += 1;
        const taken = await claimed(B);
        assert.equal(taken.upload.id, lost.upload.id);
        assert.equal(taken.upload.attempts, 2);
        assert.equal(taken.tag, 2);
      });

      it('gives every claim of a customer another tag, each customer its own from 1', async () => {
        const tags: number[] = [];
        for (const customer of ['a', 'a', 'b']) {
          await received(customer);
          const claim = await claimed();
          tags.push(claim.tag);
          await commit(claim);
        }
        assert.deepEqual(tags, [1, 2, 1]);
      });

      it('lets loading run ahead of receiving, without a change of status', async () => {
        const upload = await receiving('a');
        const claim = await catalog.claimReceiving({ uploadId: upload.id, ...A });
        assert.deepEqual(claim?.upload, { ...upload, attempts: 1 });
        assert.equal(claim?.tag, 1);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1]);
      });

      it('tells a reader the state of a table together with the rows that make it up', async () => {
        assert.equal(await catalog.tableForReading(id('a')), null, 'no such customer');
        await receiving('other');
        await received('a');
        const first = await claimed();
        assert.equal(await catalog.tableForReading(id('a')), null, 'nothing is committed');
        await commit(first);
        const table = await tableOf('a');
        const { createdAt } = (await catalog.findCustomer(id('a'))) as Customer;
        const read = { table, createdAt, generation: 0 };
        assert.deepEqual(await catalog.tableForReading(id('a')), { ...read, uncommittedTags: [], lastTag: 1 });
        const upload = await receiving('a');
        await catalog.claimReceiving({ uploadId: upload.id, ...A });
        await catalog.retag({ uploadId: upload.id, tag: 2, owner: 'a' });
        assert.deepEqual(await catalog.tableForReading(id('a')), { ...read, uncommittedTags: [2, 3], lastTag: 3 });
      });

      it('tells a reader when an upload was undone, whose rows may be deleted under it', async () => {
        const first = await appended('b');
        const second = await appended('b');
        assert.equal((await catalog.tableForReading(id('b')))?.generation, 0);
        await catalog.undoUpload(second.id);
        const read = await catalog.tableForReading(id('b'));
        assert.deepEqual([read?.generation, read?.table.version], [1, 3]);
        await catalog.undoUpload(first.id);
        assert.equal(await catalog.tableForReading(id('b')), null);
      });

      it('lets loading run ahead only while nothing else of the customer is loaded or waits', async () => {
        const upload = await receiving('a');
        const ahead = () => catalog.claimReceiving({ uploadId: upload.id, ...B });
        const waiting = await received('a');
        assert.equal(await ahead(), null, 'one waits');
        const claim = await claimed();
        assert.equal(await ahead(), null, 'one is loaded');
        clock += LEASE_MS;
        assert.equal(await ahead(), null, 'one waits for being taken over');
        clock -= LEASE_MS;
        await commit(claim);
        assert.equal(await statusOf(waiting.id), 'complete');
        const other = await receiving('a');
        assert.ok(await catalog.claimReceiving({ uploadId: other.id, ...A }));
        assert.equal(await ahead(), null, 'one is loaded while it is received');
        clock += LEASE_MS;
        assert.ok(await ahead());
        assert.equal(await ahead(), null, 'it is claimed already');
      });

      it('lets loading run ahead only of an upload that is still being received', async () => {
        const { id: uploadId } = await received('a');
        assert.equal(await catalog.claimReceiving({ uploadId, ...A }), null);
        assert.equal(await catalog.claimReceiving({ uploadId: newUploadId(), ...A }), null);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), []);
        await catalog.endAttempt({ ...attemptAt(await claimed()), outcome: FAILED });
        assert.equal(await catalog.claimReceiving({ uploadId, ...A }), null);
      });

      it('gives every upload to one of several that ask at once, one at a time for a customer', async () => {
        const other = await connect();
        const customers = ['a', 'b', 'c', 'd', 'e', 'f'];
        for (const customer of customers) for (let at = 0; at < 2; at++) await received(customer);
        const askers = Array.from({ length: 10 }, (_, at) => (at % 2 ? catalog : other));
        const claims = await Promise.all(
          askers.map((asker, at) => asker.claimNext({ owner: `${at}`, leaseMs: LEASE_MS })),
        );
        const taken = claims.filter((claim) => claim !== null);
        assert.deepEqual(taken.map((claim) => claim.customer.id).sort(), customers);
        assert.deepEqual(
          taken.map((claim) => claim.tag),
          customers.map(() => 1),
        );
      });

      it('gives an upload that is being received to one of two that ask at once', async () => {
        const other = await connect();
        const { id: uploadId } = await receiving('a');
        const claims = await Promise.all([catalog, other].map((asker) => asker.claimReceiving({ uploadId, ...A })));
        assert.equal(claims.filter((claim) => claim !== null).length, 1);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1]);
      });
    });

    describe('an attempt', () => {
      it('keeps its upload as long as it renews the lease', async () => {
        await received('a');
        const claim = await claimed();
        clock += LEASE_MS - 1;
        assert.equal(await catalog.renewLease({ ...attemptAt(claim), leaseMs: LEASE_MS }), true);
        clock += LEASE_MS - 1;
        assert.equal(await catalog.claimNext(B), null);
        assert.equal(await catalog.renewLease({ ...attemptAt(claim, 'b'), leaseMs: LEASE_MS }), false);
        clock += 1;
        const taken = await claimed(B);
        assert.equal(await catalog.renewLease({ ...attemptAt(claim), leaseMs: LEASE_MS }), false);
        await catalog.commitUpload({ ...commitOf(taken), owner: 'b' });
        assert.equal(await catalog.renewLease({ ...attemptAt(taken, 'b'), leaseMs: LEASE_MS }), false);
      });

      it('starts over under a fresh tag within its claim', async () => {
        await received('a');
        const claim = await claimed();
        const tag = await catalog.retag(attemptAt(claim));
        assert.equal(tag, 2);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1, 2]);
        assert.equal((await catalog.findUpload(claim.upload.id))?.attempts, 1);
        assert.equal(await catalog.retag(attemptAt(claim)), 'lost');
        assert.equal(await catalog.renewLease({ ...attemptAt(claim), leaseMs: LEASE_MS }), false);
        assert.equal(await catalog.commitUpload(commitOf(claim)), 'lost');
        assert.equal((await commit({ ...claim, tag })).status, 'complete');
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1]);
      });

      it('cannot start over when its upload is another’s', async () => {
        await received('a');
        const claim = await claimed();
        assert.equal(await catalog.retag(attemptAt(claim, 'b')), 'lost');
        assert.equal(await catalog.retag({ ...attemptAt(claim), uploadId: newUploadId() }), 'lost');
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1]);
      });

      it('fails its upload, and the lease ends', async () => {
        await received('a');
        const next = await received('a');
        const claim = await claimed();
        clock += 3;
        await catalog.endAttempt({ ...attemptAt(claim), outcome: FAILED });
        const failed = await catalog.findUpload(claim.upload.id);
        assert.equal(failed?.status, 'failed');
        assert.deepEqual(failed?.error, ERROR);
        assert.deepEqual(failed?.finishedAt, new Date(clock));
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1]);
        assert.equal((await claimed()).upload.id, next.id);
      });

      it('puts its upload back into the queue, or lets it be received further', async () => {
        const queued = await received('a');
        await catalog.endAttempt({ ...attemptAt(await claimed()), outcome: REQUEUED });
        assert.equal(await statusOf(queued.id), 'received');
        assert.equal((await claimed()).upload.attempts, 2);
        const { id: uploadId } = await receiving('b');
        const early = await catalog.claimReceiving({ uploadId, ...A });
        await catalog.endAttempt({ ...attemptAt(early as Claim), outcome: REQUEUED });
        assert.equal(await statusOf(uploadId), 'receiving');
        assert.ok(await catalog.claimReceiving({ uploadId, ...A }));
      });

      it('counts the deaths of the engine, and no other end', async () => {
        const { id: uploadId } = await received('a');
        const ends: readonly AttemptOutcome[] = [REQUEUED, { kind: 'requeued', engineDied: true }, REQUEUED];
        for (const outcome of ends) await catalog.endAttempt({ ...attemptAt(await claimed()), outcome });
        clock += LEASE_MS;
        await claimed();
        await catalog.releaseLeases();
        const found = await catalog.findUpload(uploadId);
        assert.deepEqual([found?.attempts, found?.engineDeaths], [4, 1]);
      });

      it('ends nothing that another has taken over', async () => {
        await received('a');
        const old = await claimed();
        clock += LEASE_MS;
        const taken = await claimed(B);
        for (const outcome of [FAILED, REQUEUED]) await catalog.endAttempt({ ...attemptAt(old), outcome });
        await catalog.endAttempt({ ...attemptAt(taken), outcome: FAILED });
        assert.deepEqual(await catalog.findUpload(taken.upload.id), taken.upload);
        assert.notEqual(await catalog.commitUpload({ ...commitOf(taken), owner: 'b' }), 'lost');
      });

      it('never changes an upload that has ended', async () => {
        const complete = await appended('a');
        await received('b');
        const claim = await claimed();
        await catalog.endAttempt({ ...attemptAt(claim), outcome: FAILED });
        const failed = await catalog.findUpload(claim.upload.id);
        for (const outcome of [{ ...FAILED, error: { ...ERROR, code: 'other' } }, REQUEUED]) {
          await catalog.endAttempt({ uploadId: complete.id, tag: 1, owner: 'a', outcome });
          await catalog.endAttempt({ ...attemptAt(claim), outcome });
        }
        assert.deepEqual(await catalog.findUpload(complete.id), complete);
        assert.deepEqual(await catalog.findUpload(claim.upload.id), failed);
        assert.equal(await catalog.commitUpload(commitOf(claim)), 'lost');
        assert.equal(await catalog.commitUpload(commitOf({ ...claim, upload: complete, tag: 1 })), 'lost');
        assert.deepEqual(await acknowledged(claim.upload.id), failed);
      });

      it('loses its upload when every lease is ended', async () => {
        const queued = await received('a');
        const claim = await claimed();
        const { id: uploadId } = await receiving('b');
        assert.ok(await catalog.claimReceiving({ uploadId, ...A }));
        const complete = await (async () => {
          await received('c');
          return commit(await claimed());
        })();
        await catalog.releaseLeases();
        assert.equal(await statusOf(queued.id), 'received');
        assert.equal(await statusOf(uploadId), 'receiving');
        assert.deepEqual(await catalog.findUpload(complete.id), complete);
        assert.equal(await catalog.commitUpload(commitOf(claim)), 'lost');
        assert.equal((await claimed(B)).upload.id, queued.id);
        assert.ok(await catalog.claimReceiving({ uploadId, ...B }));
      });
    });

    describe('the commit', () => {
      it('makes the first upload the table', async () => {
        await received('a');
        const claim = await claimed();
        clock += 9;
        const upload = await commit(claim);
        assert.deepEqual(upload, {
          ...claim.upload,
          status: 'complete',
          finishedAt: new Date(clock),
          receipt: { ...commitOf(claim).receipt, tableRowsBefore: 0, tableRowsAfter: 3 },
        });
        assert.deepEqual(await catalog.findUpload(upload.id), upload);
        assert.deepEqual(await tableOf('a'), {
          columns: COLUMNS,
          timeColumn: 'at',
          rows: 3,
          version: 1,
          firstRowAt: 20n,
          earliestAt: 10n,
          latestAt: 30n,
        });
        assert.deepEqual(await catalog.uncommittedTags(id('a')), []);
        assert.equal(await tableOf('b'), undefined);
      });

      it('grows the table by a later upload, and leaves its columns and first row', async () => {
        await appended('a');
        const others = [{ name: 'other', type: 'text', format: null }] as const;
        const upload = await appended('a', {
          columns: others,
          timeColumn: 'other',
          rows: 4,
          firstRowAt: 5n,
          earliestAt: 5n,
          latestAt: 25n,
        });
        assert.equal(upload.receipt?.tableRowsBefore, 3);
        assert.equal(upload.receipt?.tableRowsAfter, 7);
        const grown = { columns: COLUMNS, timeColumn: 'at', rows: 7, version: 2, firstRowAt: 20n };
        assert.deepEqual(await tableOf('a'), { ...grown, earliestAt: 5n, latestAt: 30n });
        await appended('a', { rows: 1, firstRowAt: 40n, earliestAt: 40n, latestAt: 40n });
        assert.deepEqual(await tableOf('a'), { ...grown, rows: 8, version: 3, earliestAt: 5n, latestAt: 40n });
      });

      it('takes the first time from the first upload that has one, and loses none to one that has not', async () => {
        const timeless = { firstRowAt: null, earliestAt: null, latestAt: null };
        const timesOf = async () => {
          const table = await tableOf('a');
          return [table?.firstRowAt, table?.earliestAt, table?.latestAt];
        };
        await appended('a', timeless);
        assert.deepEqual(await timesOf(), [null, null, null]);
        await appended('a');
        assert.deepEqual(await timesOf(), [20n, 10n, 30n]);
        await appended('a', timeless);
        assert.deepEqual(await timesOf(), [20n, 10n, 30n]);
      });

      it('keeps a table without times', async () => {
        await appended('a', { timeColumn: null, firstRowAt: null, earliestAt: null, latestAt: null });
        assert.equal((await tableOf('a'))?.timeColumn, null);
      });

      it('keeps every microsecond from year 1 to year 9999', async () => {
        await appended('a', { firstRowAt: YEAR_9999, earliestAt: YEAR_1, latestAt: YEAR_9999 });
        await appended('a', { firstRowAt: 0n, earliestAt: YEAR_1 + 1n, latestAt: YEAR_9999 - 1n });
        const table = await tableOf('a');
        assert.deepEqual([table?.firstRowAt, table?.earliestAt, table?.latestAt], [YEAR_9999, YEAR_1, YEAR_9999]);
      });

      it('is lost to an attempt that another has taken over, and changes nothing then', async () => {
        await appended('a');
        await received('a');
        const old = await claimed();
        clock += LEASE_MS;
        const taken = await claimed(B);
        const before = await catalog.findCustomer(id('a'));
        assert.equal(await catalog.commitUpload(commitOf(old)), 'lost');
        assert.equal(await catalog.commitUpload(commitOf(taken)), 'lost', 'of another owner');
        assert.equal(await catalog.commitUpload({ ...commitOf(old), owner: 'b' }), 'lost', 'under another tag');
        assert.equal(await catalog.commitUpload({ ...commitOf(old), uploadId: newUploadId() }), 'lost', 'of no upload');
        assert.deepEqual(await catalog.findCustomer(id('a')), before);
        assert.deepEqual(await catalog.findUpload(taken.upload.id), taken.upload);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [2, 3]);
      });

      it('is done by an attempt whose lease ran out, as long as nobody took it over', async () => {
        await received('a');
        const claim = await claimed();
        clock += 10 * LEASE_MS;
        assert.equal((await commit(claim)).status, 'complete');
      });

      it('is done by an attempt that ran ahead, when the last byte came after its lease ran out', async () => {
        const { id: uploadId } = await receiving('a');
        const claim = await catalog.claimReceiving({ uploadId, ...A });
        clock += LEASE_MS;
        await catalog.markReceived(uploadId, FILE);
        assert.equal((await commit(claim as Claim)).status, 'complete');
      });

      it('is lost to an upload that is not received yet, and can be done when it is', async () => {
        const { id: uploadId } = await receiving('a');
        const claim = (await catalog.claimReceiving({ uploadId, ...A })) as Claim;
        assert.equal(await catalog.commitUpload(commitOf(claim)), 'lost');
        assert.equal(await tableOf('a'), null);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1]);
        await catalog.markReceived(uploadId, FILE);
        assert.equal((await commit(claim)).status, 'complete');
      });

      it('counts once when it is asked for twice at once', async () => {
        const other = await connect();
        await received('a');
        const commitment = commitOf(await claimed());
        const results = await Promise.all([catalog, other].map((each) => each.commitUpload(commitment)));
        assert.equal(results.filter((result) => result === 'lost').length, 1);
        assert.equal((await tableOf('a'))?.rows, 3);
        assert.equal((await tableOf('a'))?.version, 1);
      });
    });

    describe('tags', () => {
      it('are uncommitted until they are committed or forgotten, for each customer apart', async () => {
        await received('a');
        await received('b');
        const claims = [await claimed(), await claimed()];
        for (const claim of claims) await catalog.retag(attemptAt(claim));
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [1, 2]);
        await catalog.forgetTags(id('a'), [1]);
        await catalog.forgetTags(id('a'), []);
        assert.deepEqual(await catalog.uncommittedTags(id('a')), [2]);
        assert.deepEqual(await catalog.uncommittedTags(id('b')), [1, 2]);
      });

      it('are never given out again, even when they are forgotten', async () => {
        await received('a');
        await catalog.endAttempt({ ...attemptAt(await claimed()), outcome: REQUEUED });
        await catalog.forgetTags(id('a'), [1]);
        assert.equal((await claimed()).tag, 2);
      });

      it('are dead where no valid lease holds them', async () => {
        await received('retagged');
        const claim = await claimed();
        await catalog.retag(attemptAt(claim));
        await received('failed');
        const failing = await claimed();
        await catalog.endAttempt({ ...attemptAt(failing), outcome: FAILED });
        const refused = await receiving('refused');
        await catalog.claimReceiving({ uploadId: refused.id, ...A });
        await catalog.deleteUpload(refused.id);
        await appended('complete');
        assert.deepEqual(await catalog.deadTags(), [
          { customerId: 'failed', uploadId: failing.upload.id, tag: 1 },
          { customerId: 'refused', uploadId: refused.id, tag: 1 },
          { customerId: 'retagged', uploadId: claim.upload.id, tag: 1 },
        ]);
      });

      it('are dead when the lease ran out, and cannot be committed from then on', async () => {
        await received('a');
        const claim = await claimed();
        assert.deepEqual(await catalog.deadTags(), []);
        clock += LEASE_MS;
        assert.deepEqual(await catalog.deadTags(), [{ customerId: 'a', uploadId: claim.upload.id, tag: 1 }]);
        assert.equal(await catalog.commitUpload(commitOf(claim)), 'lost');
        assert.equal((await claimed(B)).upload.id, claim.upload.id);
      });
    });

    it('has everything when it is opened again', async () => {
      await catalog.createCustomer({ id: id('new'), timeColumn: 'at', columns: null });
      await appended('a', { latestAt: YEAR_9999 });
      const waiting = await received('a');
      const claim = await claimed();
      const key = await addKey('a', 'k1');
      const customers = await catalog.listCustomers({ after: null, limit: 9 });
      const uploads = await catalog.listUploads(id('a'), { after: null, limit: 9 });
      await catalog.close();
      catalog = await connect();
      assert.deepEqual(await catalog.listCustomers({ after: null, limit: 9 }), customers);
      assert.deepEqual(await catalog.listUploads(id('a'), { after: null, limit: 9 }), uploads);
      assert.deepEqual(await catalog.listKeys(id('a')), [key]);
      assert.deepEqual(await catalog.uncommittedTags(id('a')), [claim.tag]);
      assert.equal((await commit(claim)).id, waiting.id);
    });

    it('answers a ping while it is open, and not afterwards', async () => {
      await catalog.ping();
      await catalog.close();
      await assert.rejects(catalog.ping());
    });
  });
}
