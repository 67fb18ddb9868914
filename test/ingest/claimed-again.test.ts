import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { openSharedPlace, startNode } from '../cluster/node-pair.ts';
import { call, ended, put, WAIT } from '../server.ts';
import { until } from '../until.ts';

/** More than a lease lasts. */
const LEASE_ENDS_MS = 31_000;

it('ends an attempt that has lost its lease before the same process tries the upload again', async () => {
  const place = await openSharedPlace();
  let aheadMs = 0;
  const catalog = await openSqliteCatalog(join(place.folder, 'catalog.sqlite'), () => Date.now() + aheadMs);
  /** Called before the lease of an attempt is renewed, by the number of the attempt. */
  const renewing: (() => Promise<void>)[] = [];
  const tags: number[] = [];
  const node = await startNode(
    'node',
    {
      ...catalog,
      async claimNext(lease) {
        const claim = await catalog.claimNext(lease);
        if (claim?.upload.customerId === 'faulty') tags.push(claim.tag);
        return claim;
      },
      async renewLease(lease) {
        await renewing[tags.indexOf(lease.tag)]?.();
        return catalog.renewLease(lease);
      },
    },
    place,
  );
  try {
    await put(node.url, 'faulty', 'day,n\n2024-01-02,1\n', WAIT);
    tags.length = 0;
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const found = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    renewing.push(
      () => {
        found[0].resolve();
        return first.promise;
      },
      () => {
        found[1].resolve();
        return second.promise;
      },
    );
    const { body } = await put(node.url, 'faulty', 'day,n\n2024-01-02,1\nx,y\n');
    // It has found the rejected rows when the process is suspended.
    await found[0].promise;
    aheadMs += LEASE_ENDS_MS;
    await put(node.url, 'other', 'n\n1\n', WAIT);
    await until(() => tags.length === 2);
    await Promise.race([found[1].promise, sleep(2_000)]);
    first.resolve();
    await sleep(500);
    second.resolve();
    const { error } = await ended(node.url, body.id);
    assert.equal(error.code, 'rows_rejected', JSON.stringify(error));
    const rejects = await call(`${node.url}/api/v1/uploads/${body.id}/rejects`);
    assert.equal(rejects.status, 200, JSON.stringify(rejects.body));
  } finally {
    await node.close();
    await place.close();
  }
});
