import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { startServices } from '../../src/services.ts';
import { call, upload } from '../server.ts';

it('refuses to export Parquet to a nearly full disk, but not the formats that need no file', async (t) => {
  const disk = mkdtempSync(join(tmpdir(), 'thena-disk-'));
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', disk]).status !== 0) {
    rmSync(disk, { recursive: true });
    return t.skip('mounting a file system is not permitted here');
  }
  const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: join(disk, 'data') });
  const services = await startServices(config, () => undefined);
  try {
    const get = (format: string) => call(`${services.url}/api/v1/customers/a/table/export?format=${format}`);
    assert.equal((await upload(services.url, 'a', 'n\n1\n2\n')).body.status, 'complete');
    assert.equal((await get('parquet')).status, 200);
    // The reserve is a tenth of the disk.
    writeFileSync(join(disk, 'other'), Buffer.alloc(60 * 1024 * 1024));
    assert.equal((await get('parquet')).status, 200, 'what is written already needs no space');
    const refused = await get('parquet&where=n>0');
    assert.deepEqual([refused.status, refused.body.code], [507, 'disk_full']);
    assert.equal((await get('csv')).body, 'n\n1\n2\n');
    rmSync(join(disk, 'other'));
    assert.equal((await get('parquet&where=n>0')).status, 200);
    assert.deepEqual(readdirSync(join(disk, 'data/tmp/exports')), []);
  } finally {
    await services.close();
    spawnSync('umount', [disk]);
    rmSync(disk, { recursive: true, force: true });
  }
});

it('removes Parquet files left by a crash at the next start', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-test-'));
  const left = join(dataDir, 'tmp/exports/left.parquet');
  mkdirSync(join(dataDir, 'tmp/exports'), { recursive: true });
  writeFileSync(left, 'PAR1');
  const services = await startServices(readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir }), () => undefined);
  try {
    assert.ok(!existsSync(left));
  } finally {
    await services.close();
    rmSync(dataDir, { recursive: true });
  }
});
