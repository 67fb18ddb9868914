import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { readTimeZone } from '../../src/analysis/bucket-names.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import { tableName } from '../../src/engine/sql.ts';
import { engineInFolder } from './engine-in-folder.ts';

it('knows every time zone that a request may name', async () => {
  const running = await engineInFolder();
  try {
    const database = join(running.tables, 'a.duckdb');
    await running.engine.call('begin_load', { database, columns: [{ name: 'c0', type: 'integer' }], create: true });
    const aliases = ['asia/kolkata', 'Asia/Kathmandu', 'US/Pacific', 'Europe/Kyiv', 'Etc/GMT+5', 'EST', 'CET'];
    const names = [...Intl.supportedValuesOf('timeZone'), ...aliases];
    const zones = names.map((name) => readTimeZone(new RequestPart(name, ''))).filter((zone) => zone !== null);
    assert.ok(zones.length > 400);
    const selected = zones.map((zone) => `epoch_us(timezone('${zone}', make_timestamptz(0)))`);
    const sql = `SELECT ${selected.join(', ')}, count(*) FROM ${tableName(database)}`;
    const answer = await running.engine.call('query', { database, sql, params: [], maxRows: 1, maxBytes: 100_000 });
    assert.equal(answer.kind === 'rows' && answer.rows[0]?.length, zones.length + 1);
  } finally {
    await running.close();
  }
});
