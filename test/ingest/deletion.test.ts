import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { readConfig } from '../../src/config.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { type Services, startServices } from '../../src/services.ts';
import { call, upload } from '../server.ts';

it('finishes a deletion that a crash interrupted at the next start', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-deletion-'));
  const start = (): Promise<Services> =>
    startServices(readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir }), () => undefined);
  try {
    const first = await start();
    for (const customer of ['goes', 'stays']) await upload(first.url, customer, 'day,n\n2024-01-01,1\n2024-01-02,x\n');
    await first.close();
    const catalog = await openSqliteCatalog(join(dataDir, 'catalog.sqlite'));
    assert.equal((await catalog.beginDeletion(parseCustomerId('goes') as CustomerId)).kind, 'begun');
    await catalog.close();
    const second = await start();
    try {
      assert.equal((await call(`${second.url}/api/v1/customers/goes`)).status, 404);
      assert.equal((await call(`${second.url}/api/v1/customers/stays`)).status, 200);
      assert.deepEqual(
        readdirSync(join(dataDir, 'tables')).filter((name) => name.startsWith('goes')),
        [],
      );
    } finally {
      await second.close();
    }
  } finally {
    rmSync(dataDir, { recursive: true });
  }
});
