import assert from 'node:assert/strict';
import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { CatalogUnchanged } from '../../src/catalog/catalog-unchanged.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { Problem } from '../../src/errors.ts';
import { ProgressBoard } from '../../src/ingest/progress/progress-board.ts';
import { RefusedUploads } from '../../src/ingest/progress/refused-uploads.ts';
import { FileReception } from '../../src/ingest/receive/file-reception.ts';
import { createReceiveSlots } from '../../src/ingest/receive/receive-slots.ts';
import { DiskReserve } from '../../src/ingest/spool/disk-reserve.ts';
import { FolderSpool } from '../../src/ingest/spool/folder-spool.ts';
import { dangerouslyAllow } from '../../src/model/customer-access.ts';
import { newUploadId } from '../../src/model/ids.ts';
import { customerId } from '../builders.ts';

const lost = (): Problem => new Problem('catalog_unavailable', 'The answer was lost.');

/** Receives a file, while the catalog answers as given. @returns what is left of the file */
async function received(answers: (catalog: Catalog) => Partial<Catalog>, csv = ['day,n\n2024-01-02,1\n']) {
  const folder = await mkdtemp(join(tmpdir(), 'thena-lost-'));
  const real = await openSqliteCatalog(join(folder, 'catalog.sqlite'));
  await real.registerInstance({ nodeId: 'node', instanceId: 'instance' }, true);
  await real.createCustomer({ id: customerId('a'), timeColumn: null, columns: null });
  const catalog: Catalog = { ...real, ...answers(real) };
  const observe = (): void => undefined;
  const spoolFolder = await mkdtemp(join(folder, 'spool-'));
  let wakes = 0;
  const reception = new FileReception(
    {
      catalog,
      spool: new FolderSpool(spoolFolder, 'instance'),
      // Nothing is loaded: the queue is only looked at.
      loader: { startEarly: async () => false, wake: () => void wakes++, abort: async () => undefined },
      slots: createReceiveSlots(1, 1_000),
      reserve: new DiskReserve(folder, 0),
      progress: new ProgressBoard(),
      refused: new RefusedUploads({ catalog, observe }),
      observe,
      limits: { maxColumns: 5, maxUploadBytes: 1e8, idleMs: 1e4, maxWaitingUploads: 9, maxWaitingBytes: 1e6 },
      instanceId: 'instance',
    },
    {
      uploadId: newUploadId(),
      filename: null,
      contentEncoding: null,
      expectedBytes: null,
      options: {},
      idempotencyKey: null,
      corrects: null,
      caller: null,
      retryOf: null,
    },
    { bytes: Readable.from(csv.map((part) => Buffer.from(part))), access: dangerouslyAllow(customerId('a')) },
  );
  try {
    const code = await reception.receive().then(
      () => null,
      (problem: Problem) => problem.code,
    );
    const { items } = await real.listUploads(customerId('a'), { after: null, limit: 9 });
    assert.deepEqual(await openFiles(spoolFolder), []);
    return { code, statuses: items.map(({ status }) => status), folders: (await readdir(spoolFolder)).length, wakes };
  } finally {
    await real.close();
    await rm(folder, { recursive: true });
  }
}

/** The files in a folder that this process has open, as far as the platform shows them. */
async function openFiles(folder: string): Promise<readonly string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  const paths = await Promise.all(descriptors.map((each) => readlink(`/proc/self/fd/${each}`).catch(() => '')));
  return paths.filter((path) => path.startsWith(folder));
}

describe('a file whose acknowledgement by the catalog is lost', () => {
  it('is loaded if the catalog acknowledged it', async () => {
    const left = await received((catalog) => ({
      async markReceived(...request) {
        await catalog.markReceived(...request);
        throw lost();
      },
    }));
    assert.deepEqual(left, { code: 'catalog_unavailable', statuses: ['received'], folders: 1, wakes: 1 });
  });

  it('leaves nothing if the catalog did not acknowledge it', async () => {
    const left = await received(() => ({ markReceived: () => Promise.reject(lost()) }));
    assert.deepEqual(left, { code: 'catalog_unavailable', statuses: [], folders: 0, wakes: 0 });
  });

  it('leaves nothing if the catalog registered it without an answer', async () => {
    const left = await received((catalog) => ({
      async createUpload(...request) {
        await catalog.createUpload(...request);
        throw lost();
      },
    }));
    assert.deepEqual(left, { code: 'catalog_unavailable', statuses: [], folders: 0, wakes: 0 });
  });

  it('is refused without another call if the catalog certainly did not register it', async () => {
    const calls: string[] = [];
    const called = (name: string) => async () => void calls.push(name);
    const unchanged = new CatalogUnchanged('catalog_unavailable', 'The node is overloaded.');
    const left = await received(() => ({
      isShared: true,
      createUpload: () => Promise.reject(unchanged),
      deleteUpload: called('deleteUpload'),
      addRefusal: called('addRefusal'),
    }));
    assert.deepEqual(left, { code: 'catalog_unavailable', statuses: [], folders: 0, wakes: 0 });
    assert.deepEqual(calls, []);
  });

  it('keeps its bytes if the catalog can still not be asked', async () => {
    const left = await received((catalog) => ({
      async markReceived(...request) {
        await catalog.markReceived(...request);
        throw lost();
      },
      deleteUpload: () => Promise.reject(lost()),
    }));
    assert.deepEqual(left, { code: 'catalog_unavailable', statuses: ['received'], folders: 1, wakes: 0 });
  });

  it('has no file open if the catalog cannot be asked while the file arrives', async () => {
    // More than the first segment, after which a load may begin.
    const rows = '2024-01-02,1\n'.repeat(400_000);
    const left = await received(
      () => ({ createUpload: () => Promise.reject(lost()), deleteUpload: () => Promise.reject(lost()) }),
      ['day,n\n', rows, rows],
    );
    assert.deepEqual(left, { code: 'catalog_unavailable', statuses: [], folders: 1, wakes: 0 });
  });
});
