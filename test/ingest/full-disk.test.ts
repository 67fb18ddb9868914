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
import { call } from '../server.ts';

/** Writes a file until the disk has no room: the load that runs beside it takes some, too. */
function fill(path: string): void {
  try {
    for (;;) appendFileSync(path, Buffer.alloc(1024 * 1024));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
  }
}

it('a disk that fills up under a load fails no upload: it is loaded when space returns', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip('a file system of its own cannot be mounted here');
  }
  const observations: Observation[] = [];
  const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: join(disk, 'data') });
  const services = await startServices(config, (observation) => observations.push(observation));
  try {
    // Values that do not repeat: the table takes about as much as the file.
    const rows = Array.from({ length: 900_000 }, (_, index) => `2024-01-01 00:00:00,${(index * 2_654_435_761) % 1e9}`);
    const body = new Uint8Array(Buffer.from(`at,n\n${rows.join('\n')}\n`));
    const { body: sent } = await call(`${services.url}/api/v1/customers/full/uploads`, { method: 'PUT', body });
    fill(join(disk, 'other'));
    const see = async () => (await call(`${services.url}/api/v1/uploads/${sent.id}`)).body;
    while (!observations.some(({ kind }) => kind === 'attempt_failed')) {
      assert.equal((await see()).finished_at, null, 'the load was quicker than the test');
      await sleep(20);
    }
    await sleep(1_000);
    assert.equal((await see()).finished_at, null, 'it did not wait');
    rmSync(join(disk, 'other'));
    let upload = await see();
    for (; upload.finished_at === null; upload = await see()) await sleep(100);
    assert.deepEqual([upload.status, upload.receipt?.appended], ['complete', rows.length]);
    // Said once, and not at every look at the disk.
    const said = observations
      .map(({ kind }) => kind)
      .filter((kind) => kind === 'loads_held' || kind === 'loads_resumed');
    assert.deepEqual(said, ['loads_held', 'loads_resumed']);
    // Tried when there is hope, not all the time.
    assert.ok(upload.attempts <= 4, `${upload.attempts} attempts`);
  } finally {
    await services.close();
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true });
  }
});

it('no load runs ahead of a file that still arrives while the reserve is not whole, which is said once', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip('a file system of its own cannot be mounted here');
  }
  const data = mkdtempSync(join(tmpdir(), 'thena-catalog-'));
  const catalog = await openSqliteCatalog(join(data, 'catalog.sqlite'));
  const said: string[] = [];
  const feed = new SegmentFeed({ delimiter: ',', quote: '"', header: true }, ['n']);
  let loader: Loader | null = null;
  try {
    const id = newUploadId();
    const options = { delimiter: null, quote: null, header: null, encoding: null } as const;
    await catalog.createUpload({
      id,
      customerId: parseCustomerId('early') as CustomerId,
      filename: null,
      options: { ...options, onError: 'abort', duplicates: 'append', dryRun: false },
      idempotencyKey: null,
      retryOf: null,
    });
    const reserve = new DiskReserve(disk, 1024 * 1024);
    const observe = ({ kind }: Observation) => said.push(kind);
    // Nothing is loaded, so that it needs no more than this.
    const deps = { catalog, reserve, observe, owner: 'a', concurrentLoads: 1 } as unknown as LoaderDeps;
    loader = new Loader(deps);
    fill(join(disk, 'other'));
    for (let asked = 0; asked < 2; asked++) assert.equal(await loader.startEarly(id, feed), false);
    assert.equal((await catalog.findUpload(id))?.attempts, 0);
    assert.deepEqual(said, ['loads_held']);
  } finally {
    feed.fail(new Error('the test has ended'));
    await loader?.stop();
    await catalog.close();
    spawnSync('umount', [disk]);
    for (const folder of [disk, data]) rmSync(folder, { recursive: true });
  }
});
