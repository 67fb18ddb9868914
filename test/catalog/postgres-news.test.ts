import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connecting } from '../../src/catalog/postgres/pool.ts';
import { PostgresNews } from '../../src/catalog/postgres/postgres-news.ts';
import { customerId } from '../builders.ts';
import { NO_POSTGRES } from '../cluster/postgres-server.ts';
import { tcpProxy } from '../cluster/tcp-proxy.ts';
import { postgresForTests } from './postgres-for-tests.ts';

describe('news of PostgreSQL', { skip: NO_POSTGRES ?? false }, () => {
  const postgres = postgresForTests();

  it('send one statement at a time, also while the server does not answer', async () => {
    const url = new URL(postgres.url);
    const proxy = await tcpProxy(Number(url.port));
    url.port = `${proxy.port}`;
    const warnings: string[] = [];
    // `pg` 8 warns of statements that wait for others, and 9 refuses them.
    const note = ({ message }: Error): number => warnings.push(message);
    process.on('warning', note);
    const news = new PostgresNews(connecting(url.href, 'thena news', { connectMs: 2_000, statementMs: 2_000 }), 50);
    await news.start();
    try {
      proxy.pause();
      news.publish({ kind: 'analysis_cancelled', analysisId: 'a', customerId: customerId('a') });
      await sleep(500);
      proxy.resume();
      await sleep(100);
      assert.deepEqual(warnings, []);
    } finally {
      process.off('warning', note);
      await news.close();
      await proxy.close();
    }
  });
});
