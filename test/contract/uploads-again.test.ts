import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import type { ReceivedFile, Upload, UploadOptions } from '../../src/catalog/upload.ts';
import { type CustomerId, newUploadId, parseCustomerId } from '../../src/model/ids.ts';

const OPTIONS: UploadOptions = {
  delimiter: null,
  quote: null,
  header: null,
  encoding: null,
  onError: 'abort',
  duplicates: 'append',
  dryRun: false,
};
const fileOf = (sha256: string): ReceivedFile => ({
  bytes: 20,
  sha256,
  encoding: 'utf-8',
  dialect: { delimiter: ',', quote: '"', header: true },
  columns: ['at', 'n'],
  headerText: 'at,n',
  records: 3,
  segments: [{ path: '0.csv', bytes: 15, records: 3, multiline: false, firstLine: 2, shapes: [] }],
  origin: null,
});
const COLUMNS = [{ name: 'at', type: 'timestamp', format: null }] as const;
const LIMITS = { maxWaitingUploads: 3, maxWaitingBytes: 200 };
const LEASE = { owner: 'a', leaseMs: 1000 };
const id = (text: string): CustomerId => parseCustomerId(text) as CustomerId;

for (const { name, connect } of [{ name: 'SQLite', connect: openSqliteCatalog }]) {
  describe(`uploads that come again or are taken back, in ${name}`, () => {
    let folder: string;
    let catalog: Catalog;
    let clock = Date.UTC(2026, 0, 1);
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), 'thena-catalog-'));
      catalog = await connect(join(folder, 'catalog.sqlite'), () => clock);
    });
    after(async () => {
      await catalog.close();
      await rm(folder, { recursive: true });
    });

    const create = (customer: string, options: Partial<UploadOptions> = {}, idempotencyKey: string | null = null) =>
      catalog.createUpload({
        id: newUploadId(),
        customerId: id(customer),
        filename: null,
        options: { ...OPTIONS, ...options },
        idempotencyKey,
        retryOf: null,
      });
    async function complete(
      customer: string,
      [firstRowAt, earliestAt, latestAt]: readonly [bigint | null, bigint | null, bigint | null],
      options: Partial<UploadOptions> = {},
    ): Promise<Upload> {
      const { id: uploadId } = await create(customer, options);
      await catalog.markReceived(uploadId, fileOf(uploadId));
      const claim = await catalog.claimNext(LEASE);
      assert.equal(claim?.upload.id, uploadId);
      const upload = await catalog.commitUpload({
        uploadId,
        tag: claim.tag,
        owner: 'a',
        columns: COLUMNS,
        timeColumn: 'at',
        rows: 3,
        dryRun: options.dryRun ?? false,
        firstRowAt,
        earliestAt,
        latestAt,
        receipt: { rowsInFile: 3, appended: 3, rejected: 0, columns: COLUMNS, warnings: [] },
      });
      assert.notEqual(upload, 'lost');
      return upload as Upload;
    }
    const tableOf = async (customer: string) => (await catalog.findCustomer(id(customer)))?.table;
    async function cancelAll(customer: string): Promise<void> {
      const { items } = await catalog.listUploads(id(customer), { after: null, limit: 100 });
      for (const upload of items) {
        if (upload.status === 'received') assert.equal(await catalog.cancelUpload(upload.id), true);
      }
    }

    it('tells the upload that used an idempotency key first, of the same customer alone', async () => {
      const first = await create('key', {}, 'k');
      assert.equal(await catalog.findByIdempotencyKey(id('key'), 'k'), null, 'not acknowledged yet');
      await catalog.markReceived(first.id, fileOf('aa'));
      const again = await catalog.markReceived((await create('key', {}, 'k')).id, fileOf('bb'));
      assert.deepEqual([again.kind, again.kind === 'key_used' && again.earlier.id], ['key_used', first.id]);
      assert.equal((await catalog.findByIdempotencyKey(id('key'), 'k'))?.id, first.id);
      const other = await catalog.markReceived((await create('other-key', {}, 'k')).id, fileOf('aa'));
      assert.equal(other.kind, 'received');
      for (const customer of ['key', 'other-key']) await cancelAll(customer);
    });

    it('names an earlier upload of the same bytes, or tells of it where duplicates are rejected', async () => {
      const first = await create('twin');
      await catalog.markReceived(first.id, fileOf('aa'));
      const second = await catalog.markReceived((await create('twin')).id, fileOf('aa'));
      assert.equal(second.kind === 'received' && second.upload.duplicateOf?.id, first.id);
      const third = await create('twin', { duplicates: 'reject' });
      assert.equal((await catalog.markReceived(third.id, fileOf('aa'))).kind, 'duplicate');
      assert.equal((await catalog.findUpload(third.id))?.status, 'receiving');
      await cancelAll('twin');
      assert.equal(
        (await catalog.markReceived(third.id, fileOf('aa'))).kind,
        'received',
        'cancelled ones do not count',
      );
      await cancelAll('twin');
    });

    it('serves customers in turn, however many uploads of one wait', async () => {
      for (const customer of ['many', 'many', 'many', 'few', 'few']) {
        clock += 1;
        const { id: uploadId } = await create(customer);
        await catalog.markReceived(uploadId, fileOf(uploadId));
      }
      assert.equal((await catalog.waiting(id('many'))).uploads, 3);
      const served: string[] = [];
      for (;;) {
        clock += 1;
        const claim = await catalog.claimNext(LEASE);
        if (!claim) break;
        served.push(claim.customer.id);
        const attempt = { uploadId: claim.upload.id, tag: claim.tag, owner: 'a' };
        await catalog.endAttempt({ ...attempt, outcome: { kind: 'cancelled' } });
      }
      assert.deepEqual(served, ['many', 'few', 'many', 'few', 'many']);
      assert.equal((await catalog.waiting(id('many'))).uploads, 0);
    });

    it('lets exactly as many wait as may, however many come at once, and answers a key that was used all the same', async () => {
      const key = await create('full', {}, 'k');
      await catalog.markReceived(key.id, fileOf('kk'), LIMITS);
      const created = await Promise.all(Array.from({ length: 8 }, () => create('full')));
      const outcomes = await Promise.all(created.map((each) => catalog.markReceived(each.id, fileOf(each.id), LIMITS)));
      const kinds = outcomes.map(({ kind }) => kind);
      assert.deepEqual(kinds.toSorted(), [...Array(6).fill('queue_full'), ...Array(2).fill('received')]);
      assert.equal((await catalog.waiting(id('full'))).uploads, 3);
      const refused = created[kinds.indexOf('queue_full')];
      assert.equal(refused && (await catalog.findUpload(refused.id))?.status, 'receiving');
      const again = await create('full', {}, 'k');
      assert.equal((await catalog.markReceived(again.id, fileOf('kk'), LIMITS)).kind, 'key_used');
      assert.equal((await catalog.markReceived((await create('room')).id, fileOf('a'), LIMITS)).kind, 'received');
      for (const customer of ['full', 'room']) await cancelAll(customer);
    });

    it('lets no more bytes wait than may, of a customer and in all, and a file of any size where none waits', async () => {
      const limits = { maxWaitingUploads: 100, maxWaitingBytes: 100 };
      const limitOf = async (customer: string, bytes: number) => {
        const { id: uploadId } = await create(customer);
        const file = {
          ...fileOf(uploadId),
          segments: [{ path: '0.csv', bytes, records: 3, multiline: false, firstLine: 2, shapes: [] }],
        };
        const outcome = await catalog.markReceived(uploadId, file, limits);
        return outcome.kind === 'queue_full' ? outcome.limit : outcome.kind;
      };
      assert.equal(await limitOf('heavy', 1000), 'received');
      assert.equal(await limitOf('light', 1), 'bytes_in_all');
      await cancelAll('heavy');
      const crowd = await Promise.all(Array.from({ length: 5 }, () => limitOf('heavy', 20)));
      assert.deepEqual(crowd.toSorted(), ['bytes', 'bytes', 'bytes', 'received', 'received']);
      assert.deepEqual(await catalog.waiting(id('heavy')), { uploads: 2, bytes: 40, bytesInAll: 40 });
      const others = await Promise.all(['b', 'c', 'd', 'e'].map((customer) => limitOf(customer, 20)));
      assert.deepEqual(others.toSorted(), ['bytes_in_all', 'received', 'received', 'received']);
      assert.deepEqual(await catalog.waiting(null), { uploads: 0, bytes: 0, bytesInAll: 100 });
      for (const customer of ['heavy', 'b', 'c', 'd', 'e']) await cancelAll(customer);
    });

    it('cancels what waits, and not what is held or has ended', async () => {
      const waiting = await create('cancel');
      await catalog.markReceived(waiting.id, fileOf('aa'));
      assert.equal(await catalog.cancelUpload(waiting.id), true);
      assert.equal((await catalog.findUpload(waiting.id))?.status, 'cancelled');
      assert.equal(await catalog.cancelUpload(waiting.id), false);
      const late = await create('cancel');
      assert.equal(await catalog.cancelUpload(late.id), true);
      await assert.rejects(catalog.markReceived(late.id, fileOf('aa')), { code: 'upload_cancelled' });
      const held = await create('cancel');
      await catalog.markReceived(held.id, fileOf('bb'));
      const claim = await catalog.claimNext(LEASE);
      assert.equal(await catalog.cancelUpload(held.id), false);
      const attempt = { uploadId: held.id, tag: claim?.tag ?? 0, owner: 'a' };
      await catalog.endAttempt({ ...attempt, outcome: { kind: 'cancelled' } });
      const ended = await catalog.findUpload(held.id);
      assert.deepEqual([ended?.status, ended?.error], ['cancelled', null]);
      assert.equal(await catalog.claimNext(LEASE), null);
    });

    it('takes a complete upload back: its tag is uncommitted, the table is what the others make it', async () => {
      const first = await complete('undo', [20n, 10n, 30n]);
      const second = await complete('undo', [5n, 1n, 99n]);
      const third = await complete('undo', [40n, 15n, 50n]);
      assert.deepEqual(await catalog.uncommittedTags(id('undo')), []);
      assert.equal((await catalog.undoUpload(second.id))?.status, 'undone');
      assert.deepEqual(await catalog.uncommittedTags(id('undo')), [2]);
      const dead = (await catalog.deadTags()).filter(({ customerId }) => customerId === 'undo');
      assert.deepEqual(
        dead.map(({ tag }) => tag),
        [2],
      );
      const table = await tableOf('undo');
      assert.deepEqual(
        [table?.rows, table?.version, table?.firstRowAt, table?.earliestAt, table?.latestAt],
        [6, 4, 20n, 10n, 50n],
      );
      assert.equal(await catalog.undoUpload(second.id), null, 'it is undone already');
      await catalog.undoUpload(first.id);
      assert.deepEqual([(await tableOf('undo'))?.firstRowAt, (await tableOf('undo'))?.rows], [40n, 3]);
      await catalog.undoUpload(third.id);
      assert.equal(await tableOf('undo'), null, 'the next file makes the table anew');
      await complete('undo', [7n, 7n, 7n]);
      assert.deepEqual([(await tableOf('undo'))?.version, (await tableOf('undo'))?.rows], [7, 3]);
    });

    it('completes a dry run without rows: the table is as it was, and there is nothing to undo', async () => {
      const real = await complete('dry', [20n, 10n, 30n]);
      const before = await tableOf('dry');
      const dry = await complete('dry', [1n, 1n, 99n], { dryRun: true });
      assert.deepEqual([dry.status, dry.receipt?.tableRowsBefore, dry.receipt?.tableRowsAfter], ['complete', 3, 3]);
      assert.deepEqual(await tableOf('dry'), before);
      assert.deepEqual(await catalog.uncommittedTags(id('dry')), [2]);
      assert.equal(await catalog.undoUpload(dry.id), null);
      await catalog.undoUpload(real.id);
      assert.equal(await tableOf('dry'), null, 'a dry run alone makes no table');
    });

    it('says which failed uploads are kept, and which were kept long enough', async () => {
      const { id: uploadId } = await create('kept');
      await catalog.markReceived(uploadId, fileOf('aa'));
      const claim = await catalog.claimNext(LEASE);
      const error = { code: 'rows_rejected', detail: '', extra: {} };
      const outcome = { kind: 'failed', error, retryUntil: new Date(clock + 1000) } as const;
      await catalog.endAttempt({ uploadId, tag: claim?.tag ?? 0, owner: 'a', outcome });
      assert.deepEqual(await catalog.keptFailures('all'), [uploadId]);
      assert.deepEqual(await catalog.keptFailures('expired'), []);
      clock += 1000;
      assert.deepEqual(await catalog.keptFailures('expired'), [uploadId]);
      await catalog.endRetention(uploadId);
      assert.deepEqual(await catalog.keptFailures('all'), []);
      assert.equal((await catalog.findUpload(uploadId))?.retryUntil, null);
    });
  });
}
