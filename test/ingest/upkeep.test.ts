import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import type { Observation } from '../../src/events.ts';
import { FolderSpool } from '../../src/ingest/spool/folder-spool.ts';
import { removeEndedReceptions } from '../../src/ingest/upkeep/ended-receptions.ts';
import { removeDeadRows } from '../../src/ingest/upkeep/remove-dead-rows.ts';
import { removeUnneededFiles } from '../../src/ingest/upkeep/unneeded-files.ts';
import type { UploadId } from '../../src/model/ids.ts';
import { StorageFailure, type StorageFailureReason } from '../../src/model/storage-failure.ts';
import { customerId, newUpload, receptionOf } from '../builders.ts';
import { A, commitOf, FILE } from '../contract/catalog/catalog-under-test.ts';

const INSTANCE = { nodeId: 'node', instanceId: 'receiver' };

describe('upkeep', () => {
  let folder: string;
  let catalog: Catalog;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thena-upkeep-'));
    await mkdir(join(folder, 'spool'));
    catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'));
    await catalog.registerInstance(INSTANCE, true);
  });
  afterEach(async () => {
    await catalog.close();
    await rm(folder, { recursive: true });
  });

  it('removes what this process does not receive any more, although the catalog says so', async () => {
    const ids: UploadId[] = [];
    for (const customer of ['ended', 'open', 'acknowledged', 'elsewhere']) {
      const receiver = customer === 'elsewhere' ? 'other' : INSTANCE.instanceId;
      const { id } = await catalog.createUpload(newUpload(customer, { receiver }));
      await mkdir(join(folder, 'spool', `${id}.${receiver}`));
      await writeFile(join(folder, 'spool', `${id}.${receiver}`, '000000.csv'), 'n\n1\n');
      ids.push(id);
    }
    const [ended, open, acknowledged] = ids as [UploadId, UploadId, UploadId, UploadId];
    const spool = new FolderSpool(join(folder, 'spool'), INSTANCE.instanceId);
    const found = await catalog.receptionsOf(INSTANCE);
    assert.deepEqual(found.toSorted(), [ended, open, acknowledged].toSorted());
    await catalog.markReceived(receptionOf(acknowledged), FILE);
    // As if it had been acknowledged right after the catalog was asked.
    const asked = { ...catalog, receptionsOf: async () => found };
    await removeEndedReceptions({ catalog: asked, instance: INSTANCE, receptions: { ids: [open] }, spool });
    assert.equal(await catalog.findUpload(ended), null);
    const kept = ids.filter((id) => id !== ended);
    for (const id of kept) assert.ok(await catalog.findUpload(id));
    const folders = await readdir(join(folder, 'spool'));
    assert.deepEqual(folders.map((name) => name.split('.')[0]).toSorted(), kept.toSorted());
  });

  it('removes segments that no upload has, unless a process may be receiving them', async () => {
    const other = { nodeId: 'other', instanceId: 'other' };
    await catalog.registerInstance(other, false);
    const [discarded, receiving, elsewhere] = ['a', 'a', 'a'].map(() => newUpload('a').id) as [
      UploadId,
      UploadId,
      UploadId,
    ];
    const { id: queued } = await catalog.createUpload(newUpload('a', { receiver: INSTANCE.instanceId }));
    await catalog.markReceived(receptionOf(queued, INSTANCE.instanceId), FILE);
    for (const [id, receiver] of [
      [discarded, INSTANCE],
      [receiving, INSTANCE],
      [queued, INSTANCE],
      [elsewhere, other],
    ] as const) {
      await mkdir(join(folder, 'spool', `${id}.${receiver.instanceId}`));
    }
    const nothing = { removeUnneeded: async () => undefined };
    await removeUnneededFiles({
      catalog,
      instance: INSTANCE,
      receptions: { ids: [receiving] },
      spool: new FolderSpool(join(folder, 'spool'), INSTANCE.instanceId),
      rejectFiles: nothing,
      chunks: nothing,
    });
    const kept = (await readdir(join(folder, 'spool'))).map((name) => name.split('.')[0]);
    assert.deepEqual(kept.toSorted(), [receiving, queued, elsewhere].toSorted());
  });

  it('leaves the segments of a resumable file that is received again and acknowledged meanwhile', async () => {
    const { id } = await catalog.createUpload(newUpload('a', { receiver: INSTANCE.instanceId }));
    await catalog.createResumable(
      { id, customerId: customerId('a'), length: 4, filename: null, options: {}, corrects: null, keyId: null } as never,
      9,
    );
    const segments = join(folder, 'spool', `${id}.${INSTANCE.instanceId}`);
    await mkdir(segments);
    let received = 0;
    // The answer about the upload, which was removed, comes late: until then it is received again.
    const late: Catalog = {
      ...catalog,
      async findUpload(uploadId) {
        const before = await catalog.findUpload(uploadId);
        if (before !== null || received++ > 0) return before;
        await catalog.createUpload({ ...newUpload('a', { receiver: INSTANCE.instanceId }), id });
        await catalog.markReceived(receptionOf(id, INSTANCE.instanceId), FILE);
        await catalog.removeResumable(id);
        return before;
      },
    };
    const spool = new FolderSpool(join(folder, 'spool'), INSTANCE.instanceId);
    const nothing = { removeUnneeded: async () => undefined };
    const deps = { instance: INSTANCE, receptions: { ids: [] }, spool };
    await removeEndedReceptions({ ...deps, catalog: late });
    await removeUnneededFiles({ ...deps, catalog: late, rejectFiles: nothing, chunks: nothing });
    assert.deepEqual(await readdir(join(folder, 'spool')), [`${id}.${INSTANCE.instanceId}`]);
  });

  it('receives a file again whose earlier segments could not be removed', async () => {
    const spool = new FolderSpool(join(folder, 'spool'), INSTANCE.instanceId);
    const { id } = newUpload('a');
    for (let time = 0; time < 2; time++) {
      const writer = await spool.create(id);
      const at = { records: 0, lines: 0, quotedLineFeeds: 0 };
      const cutter = {
        ...at,
        records: 1,
        lines: 1,
        textAfterQuotes: false,
        takeShapes: () => [],
        takeIrregular: () => false,
      };
      await writer.write(Buffer.from('1\n'), 2, at, cutter);
      assert.equal((await writer.end(cutter)).length, 1);
    }
  });

  it('deletes the rows of a lost attempt as soon as the store is back, and once more when nothing can write them any more', async () => {
    const { id } = await catalog.createUpload(newUpload('a'));
    await catalog.markReceived(receptionOf(id), FILE);
    assert.ok(await catalog.claimNext({ ...A, leaseMs: 0 }));
    let isAway = true;
    let drops = 0;
    const drop = async (): Promise<void> => {
      drops++;
      if (isAway) throw new StorageFailure('unavailable', 'as if');
    };
    const sweep = () => removeDeadRows({ catalog, tables: { purge: drop, drop }, observe: () => undefined });
    for (let time = 0; time < 2; time++) await sweep();
    isAway = false;
    for (let time = 0; time < 2; time++) await sweep();
    assert.equal(drops, 3);
    assert.deepEqual(await catalog.uncommittedTags(customerId('a')), [1]);
  });

  it('deletes the rows of many undone uploads of a table together', async () => {
    const undone: UploadId[] = [];
    for (let upload = 0; upload < 4; upload++) {
      const { id } = await catalog.createUpload(newUpload('a'));
      await catalog.markReceived(receptionOf(id), { ...FILE, sha256: String(upload) });
      const claim = await catalog.claimNext({ ...A, leaseMs: 60_000 });
      assert.ok(claim);
      await catalog.commitUpload(commitOf(claim));
      if (upload > 0) undone.push(id);
    }
    for (const id of undone) await catalog.undoUpload(id);
    const purged: (readonly number[])[] = [];
    const tables = {
      purge: async (_: unknown, tags: readonly number[]) => void purged.push(tags),
      drop: () => Promise.reject(new Error('the table is in use')),
    };
    await removeDeadRows({ catalog, tables, observe: (each) => assert.fail(JSON.stringify(each)) });
    assert.deepEqual(purged, [[2, 3, 4]]);
    assert.deepEqual(await catalog.uncommittedTags(customerId('a')), []);
  });

  for (const [reason, purged] of [
    ['io_error', ['b']],
    ['unavailable', []],
  ] satisfies [StorageFailureReason, string[]][]) {
    it(`goes on with other tables after a failure of one, unless the store is away: ${reason}`, async () => {
      for (const customer of ['a', 'b']) {
        const { id } = await catalog.createUpload(newUpload(customer));
        await catalog.markReceived(receptionOf(id), FILE);
        const claim = await catalog.claimNext({ ...A, leaseMs: 60_000 });
        assert.ok(claim);
        await catalog.commitUpload(commitOf(claim));
        await catalog.undoUpload(id);
      }
      const observed: Observation[] = [];
      const done: string[] = [];
      const drop = async ({ customerId: id }: { readonly customerId: string }): Promise<void> => {
        if (id === 'a') throw new StorageFailure(reason, 'as if');
        done.push(id);
      };
      const tables = { purge: drop, drop };
      await removeDeadRows({ catalog, tables, observe: (each) => void observed.push(each) });
      assert.deepEqual(done, purged);
      assert.equal(observed.length, 1);
      assert.deepEqual(await catalog.uncommittedTags(customerId('a')), [1], 'it is tried again');
    });
  }
});
