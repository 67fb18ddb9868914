import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import pg from 'pg';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { customerId } from '../builders.ts';
import { postgresProxy } from '../cluster/postgres-proxy.ts';
import { NO_POSTGRES } from '../cluster/postgres-server.ts';
import { until } from '../until.ts';
import { postgresForTests } from './postgres-for-tests.ts';

const BROKEN = `select query from pg_stat_activity
  where datname = current_database() and state like 'idle in transaction%'`;
const ABSENT = { id: 'key', customerId: customerId('absent'), hash: 'hash', label: null, rights: ['read'] } as const;

describe('a rollback that fails', { skip: NO_POSTGRES ?? false }, () => {
  const postgres = postgresForTests();

  it('leaves no connection in its transaction, and does not hide why there was a rollback', async () => {
    const proxy = await postgresProxy(postgres.url);
    const catalog = await openPostgresCatalog(proxy.url);
    const observer = new pg.Client(postgres.url);
    await observer.connect();
    try {
      let failed: readonly string[] = [];
      for (let passed = 0; failed[0] !== 'rollback'; passed++) {
        assert.ok(passed < 20, 'no rollback');
        // query_canceled, by a timeout.
        proxy.fail({ sqlState: '57014' }, passed, 1_000);
        const problem = await catalog.addKey(ABSENT).catch((error) => error);
        ({ failed } = proxy);
        assert.equal(problem.code, 'customer_not_found', `${failed}`);
        await until(async () => (await observer.query(BROKEN)).rows.length === 0, 3_000);
      }
    } finally {
      await Promise.all([observer.end(), catalog.close()]);
      await proxy.close();
    }
  });
});
