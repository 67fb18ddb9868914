import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { startServices } from '../../src/services.ts';
import { call, put, totalRows, WAIT } from '../server.ts';

test('a table whose file is gone is reported as missing, and not replaced by an empty one', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-lost-'));
  const tables = join(dataDir, 'tables');
  const start = () => startServices(readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir }), () => undefined);
  const sum = { customer_id: 'lost', query: { measures: [{ fn: 'sum', column: 'x' }] } };
  let thena = await start();
  try {
    for (const customer of ['lost', 'kept']) await put(thena.url, customer, 'x,y\n1,2\n3,4\n', WAIT);
    const file = readdirSync(tables).find((name) => name.startsWith('lost')) ?? '';
    await thena.close();
    renameSync(join(tables, file), join(dataDir, 'away.duckdb'));
    thena = await start();
    const url = `${thena.url}/api/v1/customers/lost`;
    for (const reply of [
      await call(`${thena.url}/api/v1/analyze/`, { json: sum }),
      await call(`${url}/table/rows?limit=1`),
      await call(`${url}/export.csv`),
    ])
      assert.deepEqual([reply.status, reply.body.code], [500, 'table_missing'], JSON.stringify(reply.body));
    const { body } = await put(thena.url, 'lost', 'x,y\n5,6\n', WAIT);
    assert.deepEqual([body.status, body.error?.code], ['failed', 'ingest_failed'], JSON.stringify(body));
    assert.equal(existsSync(join(tables, file)), false);
    assert.equal(await totalRows(thena.url, 'kept'), 2);
    renameSync(join(dataDir, 'away.duckdb'), join(tables, file));
    assert.equal((await put(thena.url, 'lost', 'x,y\n7,8\n', WAIT)).body.status, 'complete');
    const answer = await call(`${thena.url}/api/v1/analyze/`, { json: sum });
    assert.deepEqual(answer.body.result.rows, [[11]]);
  } finally {
    await thena.close();
    rmSync(dataDir, { recursive: true });
  }
});
