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
const HOUR_MS = 3_600_000;

describe('a node', () => {
  let folder: string;
  let catalog: Catalog;
  let isAway = false;
  /** What the heartbeat of a node waits for. */
  let answer: (nodeId: string) => Promise<unknown> = async () => undefined;
  /** How much the clock of the database is ahead. */
  let aheadMs = 0;
  let hearts: Heartbeat[] = [];
  const happened: string[] = [];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thena-heartbeat-'));
    catalog = await openSqliteCatalog(join(folder, 'catalog.sqlite'), () => Date.now() + aheadMs, new LocalNews());
    isAway = false;
    answer = async () => undefined;
    aheadMs = 0;
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
            await answer(of.nodeId);
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

  it('is not declared dead after the catalog has taken long to answer', async () => {
    for (const node of ['a', 'b', 'c']) await start(node);
    await sleep(2 * TIMING.deadMs);
    const { promise, resolve } = Promise.withResolvers<void>();
    // That of one node comes a little earlier than the others.
    answer = (nodeId) => promise.then(() => sleep(nodeId === 'a' ? 0 : TIMING.deadMs / 2));
    await sleep(2 * TIMING.deadMs);
    answer = async () => undefined;
    resolve();
    await sleep(2 * TIMING.deadMs);
    assert.deepEqual([happened, await catalog.liveInstances()], [[], new Set(['a', 'b', 'c'])]);
  });

  for (const hours of [1, -1]) {
    it(`is not declared dead because the clock of the catalog is set by ${hours} h, but still if it is dead`, async () => {
      const [a] = [await start('a'), await start('b')];
      await sleep(2 * TIMING.deadMs);
      aheadMs = hours * HOUR_MS;
      await sleep(2 * TIMING.deadMs);
      assert.deepEqual([happened, await catalog.liveInstances()], [[], new Set(['a', 'b'])]);
      await a.stop();
      aheadMs = 0;
      await until(() => happened.length > 0);
      assert.deepEqual(happened, ['b saw it die']);
    });
  }
});
