import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CsvSource } from '../../../src/csv/segment.ts';
import { clickhouseLoads, tableName } from '../../../src/table-store/clickhouse/clickhouse-loads.ts';
import { ClickhouseServers } from '../../../src/table-store/clickhouse/clickhouse-servers.ts';
import { identifier } from '../../../src/table-store/clickhouse/clickhouse-sql.ts';
import type { TableStore } from '../../../src/table-store/table-store.ts';
import { parsedFile, tableOf } from '../../builders.ts';
import {
  CLUSTER,
  NO_CLICKHOUSE,
  startClickhouse,
  type ClickhouseServers as TestServers,
} from '../../cluster/clickhouse-server.ts';
import { type EngineInFolder, engineInFolder } from '../../engine/engine-in-folder.ts';
import { randomOf } from '../../random.ts';

const N = [{ name: 'n', type: 'integer' }] as const;
const SEGMENT_ROWS = 400_000;

describe('loads into ClickHouse whose servers are killed', { skip: NO_CLICKHOUSE ?? false }, () => {
  let running: EngineInFolder;
  let test: TestServers;
  let servers: ClickhouseServers;
  let store: Pick<TableStore, 'begin' | 'purge' | 'drop'>;
  let source: CsvSource;
  before(async () => {
    running = await engineInFolder();
    test = await startClickhouse({ shards: 2 });
    servers = new ClickhouseServers({ urls: test.urls, cluster: CLUSTER });
    const making = { engine: 'MergeTree', onCluster: null };
    store = clickhouseLoads({ servers, making, engine: running.engine, tempDirectory: running.folder });
    const texts = [0, 1, 2, 3].map((segment) =>
      Array.from({ length: SEGMENT_ROWS }, (_, row) => `${segment * SEGMENT_ROWS + row}\n`).join(''),
    );
    const written = running.source(['n'], ...texts);
    source = { ...written, segments: written.segments.map((segment) => ({ ...segment, shapes: [['whole']] })) };
  });
  after(async () => {
    await servers.close();
    await test.remove();
    await running.close();
  });

  const part = (from: number, to: number): CsvSource => ({ ...source, segments: source.segments.slice(from, to) });
  const begin = (customer: string, tag: number) =>
    store.begin({
      ...tableOf(customer),
      tag,
      columns: N,
      file: parsedFile(N),
      timeColumn: null,
      create: tag === 1,
    });
  const kill = (shard: number) => test.shards[shard]?.kill();
  const start = (shard: number) => test.shards[shard]?.start();
  /** How work fails; null: it succeeds. */
  const failureOf = (work: Promise<unknown>): Promise<(Error & { reason?: string }) | null> =>
    work.then(
      () => null,
      (error: Error) => error,
    );
  /** The rows of each attempt: how many, and how many different ones. */
  async function stored(customer: string): Promise<Record<string, readonly number[]>> {
    const name = identifier(tableName(tableOf(customer)));
    const rows = await servers.reader.rows<[number, string, string]>(
      `SELECT _thena_upload, count(), uniqExact(c0) FROM ${servers.source(name)} GROUP BY 1 ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(([tag, count, distinct]) => [tag, [Number(count), Number(distinct)]]));
  }

  it('keep the segments that were confirmed, and can go on with them', async () => {
    const session = await begin('between', 1);
    await session.append(part(0, 2));
    for (const shard of [0, 1]) {
      await kill(shard);
      await start(shard);
    }
    await session.append(part(2, 4));
    assert.equal((await session.commit()).rows, 4 * SEGMENT_ROWS);
    assert.deepEqual(await stored('between'), { 1: [4 * SEGMENT_ROWS, 4 * SEGMENT_ROWS] });
  });

  it('fail in the middle of an insert, name the shard, and are repeated under another tag', async () => {
    await (await begin('middle', 1)).commit();
    const session = await begin('middle', 2);
    await session.append(part(0, 1));
    // An insert is certainly in the middle while its server does not run.
    test.shards[1]?.pause();
    const appending = failureOf(session.append(part(1, 4)));
    await sleep(100);
    await kill(1);
    const failure = await appending;
    assert.equal(failure?.reason, 'unavailable');
    assert.ok(failure?.message.includes(servers.shards[1]?.name ?? ''), failure?.message);
    // Nothing of it can be removed or committed while the shard is down.
    assert.equal((await failureOf(session.commit()))?.reason, 'unavailable');
    assert.equal((await failureOf(session.rollBack()))?.reason, 'unavailable');
    assert.equal((await failureOf(store.purge(tableOf('middle'), [2])))?.reason, 'unavailable');
    await start(1);
    const next = await begin('middle', 3);
    await next.append(source);
    assert.equal((await next.commit()).rows, 4 * SEGMENT_ROWS);
    await store.purge(tableOf('middle'), [2]);
    assert.deepEqual(await stored('middle'), { 3: [4 * SEGMENT_ROWS, 4 * SEGMENT_ROWS] });
  });

  it('are not committed without the rows of a shard that is down', async () => {
    const session = await begin('counted', 1);
    await session.append(part(0, 2));
    await kill(0);
    assert.equal((await failureOf(session.commit()))?.reason, 'unavailable');
    await start(0);
    assert.equal((await session.commit()).rows, 2 * SEGMENT_ROWS);
  });

  it('are purged, or dropped, by a repetition of what a kill has interrupted', async () => {
    for (const tag of [1, 2]) {
      const session = await begin('purged', tag);
      await session.append(part(0, 2));
      await session.commit();
    }
    const purging = failureOf(store.purge(tableOf('purged'), [1]));
    await sleep(5);
    await kill(0);
    await purging;
    await start(0);
    await store.purge(tableOf('purged'), [1]);
    assert.deepEqual(await stored('purged'), { 2: [2 * SEGMENT_ROWS, 2 * SEGMENT_ROWS] });
    // What a purge has deleted stays deleted.
    await kill(0);
    await start(0);
    assert.deepEqual(await stored('purged'), { 2: [2 * SEGMENT_ROWS, 2 * SEGMENT_ROWS] });
    const dropping = failureOf(store.drop(tableOf('purged')));
    await kill(1);
    await dropping;
    await start(1);
    await store.drop(tableOf('purged'));
    // A table that is missing may come back with its rows.
    assert.equal((await failureOf(store.purge(tableOf('purged'), [1])))?.reason, 'failed');
  });

  it('store every row once, whenever a shard is killed', async (context) => {
    const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
    context.diagnostic(`SEED=${seed}`);
    const random = randomOf(seed);
    await (await begin('random', 1)).commit();
    const dead: number[] = [];
    let tag = 1;
    for (let upload = 0; upload < 4; upload++) {
      for (let isStored = false; !isStored; ) {
        const session = await begin('random', ++tag);
        const load = failureOf(session.append(source).then(() => session.commit()));
        const shard = random.integer(2);
        await sleep(random.integer(400));
        const isKilled = random.integer(4) > 0;
        if (isKilled) await kill(shard);
        const failure = await load;
        if (isKilled) await start(shard);
        isStored = failure === null;
        if (failure !== null) assert.equal(failure.reason, 'unavailable', failure.message);
        if (!isStored) dead.push(tag);
      }
    }
    await store.purge(tableOf('random'), dead);
    const found = await stored('random');
    assert.equal(Object.keys(found).length, 4, JSON.stringify({ found, dead }));
    for (const counts of Object.values(found)) assert.deepEqual(counts, [4 * SEGMENT_ROWS, 4 * SEGMENT_ROWS]);
  });
});
