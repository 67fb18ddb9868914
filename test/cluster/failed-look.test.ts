import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { LocalNews } from '../../src/catalog/local-news.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { EventStream } from '../http/event-stream.ts';
import { put, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { startNodePair } from './node-pair.ts';

const CSV = 'at,n\n2024-01-01 00:00:00,1\n';
const CHUNK = Buffer.from('2024-01-01 00:00:00,1\n'.repeat(50_000));

it('an upload that is refused while the catalog and its news are away is removed from streams of other nodes', async () => {
  const news = new LocalNews();
  const ofB = new LocalNews();
  let isAway = false;
  let failedLooks = 0;
  news.subscribe((each) => {
    if (!isAway) ofB.publish(each);
  });
  const connect = async (folder: string): Promise<Catalog> => {
    const isA = connected++ === 0;
    const catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'), undefined, isA ? news : ofB);
    if (isA) return catalog;
    return {
      ...catalog,
      async watchedUploads(watched) {
        if (!failsLooks) return catalog.watchedUploads(watched);
        failedLooks++;
        throw new Error('the catalog is away');
      },
    };
  };
  let connected = 0;
  let failsLooks = false;
  const { a, b, close } = await startNodePair(connect);
  try {
    await put(a.url, 'c', CSV, WAIT);
    const stream = await EventStream.open(`${b.url}/api/v1/customers/c/events`);
    await stream.until(({ name }) => name === 'table');
    // Once the stream has been looked after.
    await sleep(2_500);
    failsLooks = true;
    const sender = request(`${a.url}/api/v1/customers/c/uploads`, { method: 'PUT' });
    const answered = once(sender, 'response');
    sender.write('at,n\n');
    for (let chunk = 0; chunk < 12; chunk++) sender.write(CHUNK);
    const { data } = await stream.until(({ name, data: upload }) => name === 'upload' && upload.status === 'receiving');
    const before = failedLooks;
    await until(() => failedLooks > before);
    isAway = true;
    sender.end('2024-01-01 00:00:00,"1\n');
    const [{ statusCode }] = await answered;
    assert.equal(statusCode, 422);
    failsLooks = false;
    const removed = await stream.until(({ name }) => name === 'removed');
    assert.deepEqual([removed.data.id, removed.data.problem.code], [data.id, 'quote_not_closed']);
    stream.close();
  } finally {
    await close();
  }
});
