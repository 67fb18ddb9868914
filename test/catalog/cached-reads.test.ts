import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { cachedReads } from '../../src/catalog/cached-reads.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { begunDeletion } from '../builders.ts';

const ID = parseCustomerId('a') as CustomerId;

it('a cached customer is read again after every change', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'thena-catalog-'));
  const catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'));
  try {
    assert.equal(await catalog.findCustomer(ID), null);
    await catalog.createCustomer({ id: ID, timeColumn: 'at', columns: null });
    const found = await catalog.findCustomer(ID);
    assert.equal(found?.declaredTimeColumn, 'at');
    assert.equal(await catalog.findCustomer(ID), found, 'nothing had changed, but it was read again');
    await catalog.endDeletion(await begunDeletion(catalog, ID));
    assert.equal(await catalog.findCustomer(ID), null);
  } finally {
    await catalog.close();
    rmSync(folder, { recursive: true });
  }
});

it('a value that was read during a write is not cached', async () => {
  let version = 0;
  let value = { id: 'old' };
  const read = async () => {
    const before = value;
    await Promise.resolve();
    return before as never;
  };
  const reads = cachedReads({ findCustomer: read, tableForReading: read }, () => version);
  const reading = reads.findCustomer(ID);
  value = { id: 'new' };
  version++;
  assert.deepEqual(await reading, { id: 'old' });
  assert.deepEqual(await reads.findCustomer(ID), { id: 'new' });
  assert.equal(await reads.findCustomer(ID), await reads.findCustomer(ID));
});
