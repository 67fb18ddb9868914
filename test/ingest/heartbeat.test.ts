import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { LocalNews } from '../../src/catalog/local-news.ts';
import { openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import { Heartbeat } from '../../src/ingest/upkeep/heartbeat.ts';
import { until } from '../until.ts';

const TIMING = { intervalMs: 20, deadMs: 400 };

describe('a node', () => {
  let folder: string;
  let catalog: Catalog;
  let isAway = false;
  let hearts: Heartbeat[] = [];
  const happened: string[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thena-heartbeat-'));
    catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'), undefined, new LocalNews());
    isAway = false;
    happened.length = 0;
  });
  afterEach(async () => {
    for (const heart of hearts) await heart.stop();
    hearts = [];
    await catalog.close();
    rmSync(folder, { recursive: true });
  });

  async function start(nodeId: string, instanceId = nodeId): Promise<Heartbeat> {
    const instance = { nodeId, instanceId };
    await catalog.registerInstance(instance, false);
    const heart = new Heartbeat(
      {
        catalog: {
          ...catalog,
          async heartbeat(of) {
            if (isAway) throw new Error('the catalog is away');
            return catalog.heartbeat(of);
          },
        },
        instance,
        observe: (observation) => void (observation.kind === 'node_died' && happened.push(`${instanceId} saw it die`)),
        onDeath: () => undefined,
        onEnd: (why) => happened.push(`${instanceId} was ${why}`),
      },
      TIMING,
    );
    heart.start();
    hearts.push(heart);
    return heart;
  }

  it('that is not seen for too long is declared dead by another one, and stops when it continues', async () => {
    const a = await start('a');
    await start('b');
    await sleep(2 * TIMING.deadMs);
    assert.deepEqual(happened, []);
    await a.stop();
    await until(() => happened.length > 0);
    assert.deepEqual(await catalog.liveInstances(), new Set(['b']));
    a.start();
    await until(() => happened.length > 1);
    assert.deepEqual(happened, ['b saw it die', 'a was expired']);
  });

  it('stops when another process is started with its ID', async () => {
    await start('a', 'first');
    await start('a', 'second');
    await until(() => happened.length > 0);
    await sleep(5 * TIMING.intervalMs);
    assert.deepEqual(happened, ['first was replaced']);
  });

  it('is not declared dead after an outage of the catalog', async () => {
    for (const node of ['a', 'b', 'c']) await start(node);
    await sleep(2 * TIMING.deadMs);
    isAway = true;
    await sleep(2 * TIMING.deadMs);
    isAway = false;
    await sleep(2 * TIMING.deadMs);
    assert.deepEqual([happened, await catalog.liveInstances()], [[], new Set(['a', 'b', 'c'])]);
  });
});
