import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { readConfig } from '../../src/config.ts';
import type { Observation } from '../../src/events.ts';
import { Loader, type LoaderDeps } from '../../src/ingest/load/loader.ts';
import { DiskReserve } from '../../src/ingest/spool/disk-reserve.ts';
import { SegmentFeed } from '../../src/ingest/spool/segment-feed.ts';
import { type CustomerId, newUploadId, parseCustomerId } from '../../src/model/ids.ts';
import { startServices } from '../../src/services.ts';
import { uploadOptions } from '../builders.ts';
import { call } from '../server.ts';

/** Writes a file until the disk is full. A load that is running takes space, too. */
function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, Buffer.alloc(1024 * 1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

it('loads an upload when there is space again if the disk fills up during the load', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip('needs the permission to mount a file system');
  }
  const observations: Observation[] = [];
  const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: join(disk, 'data') });
  const services = await startServices(config, (observation) => observations.push(observation));
  try {
    // Values that do not repeat, so that the table is about as large as the file.
    const rows = Array.from({ length: 900_000 }, (_, index) => `2024-01-01 00:00:00,${(index * 2_654_435_761) % 1e9}`);
    const body = new Uint8Array(Buffer.from(`at,n\n${rows.join('\n')}\n`));
    const { body: sent } = await call(`${services.url}/api/v1/customers/full/uploads`, { method: 'PUT', body });
    fill(join(disk, 'other'));
    const see = async () => (await call(`${services.url}/api/v1/uploads/${sent.id}`)).body;
    while (!observations.some(({ kind }) => kind === 'attempt_failed')) {
      assert.equal((await see()).finished_at, null, 'the load ended before the disk was full');
      await sleep(20);
    }
    await sleep(1_000);
    assert.equal((await see()).finished_at, null, 'the upload did not wait for space');
    rmSync(join(disk, 'other'));
    let upload = await see();
    for (; upload.finished_at === null; upload = await see()) await sleep(100);
    assert.deepEqual([upload.status, upload.receipt?.appended], ['complete', rows.length]);
    // Observed once, not whenever the disk is checked.
    const observed = observations
      .map(({ kind }) => kind)
      .filter((kind) => kind === 'loads_held' || kind === 'loads_resumed');
    assert.deepEqual(observed, ['loads_held', 'loads_resumed']);
    // An attempt is made when it may succeed, not all the time.
    assert.ok(upload.attempts <= 4, `${upload.attempts} attempts`);
  } finally {
    await services.close();
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  }
});

it('starts no early load while the disk reserve is not whole, and observes that once', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip('needs the permission to mount a file system');
  }
  const data = mkdtempSync(join(tmpdir(), 'thena-catalog-'));
  const catalog = await openSqliteCatalog(join(data, 'catalog.sqlite'));
  const observed: string[] = [];
  const feed = new SegmentFeed({ delimiter: ',', quote: '"', header: true }, ['n']);
  let loader: Loader | null = null;
  try {
    const id = newUploadId();
    await catalog.createUpload({
      id,
      customerId: parseCustomerId('early') as CustomerId,
      receiver: 'a',
      filename: null,
      options: uploadOptions(),
      idempotencyKey: null,
      retryOf: null,
    });
    const reserve = new DiskReserve(disk, 1024 * 1024);
    const observe = ({ kind }: Observation) => observed.push(kind);
    // Nothing is loaded, so that these are enough.
    const deps = { catalog, reserve, observe, owner: 'a', concurrentLoads: 1 } as unknown as LoaderDeps;
    loader = new Loader(deps);
    fill(join(disk, 'other'));
    for (let tries = 0; tries < 2; tries++) assert.equal(await loader.startEarly(id, feed), false);
    assert.equal((await catalog.findUpload(id))?.attempts, 0);
    assert.deepEqual(observed, ['loads_held']);
  } finally {
    feed.fail(new Error('the test has ended'));
    await loader?.stop();
    await catalog.close();
    spawnSync('umount', [disk]);
    for (const folder of [disk, data]) rmSync(folder, { recursive: true });
  }
});
