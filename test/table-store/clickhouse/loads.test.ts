import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CsvSource } from '../../../src/csv/segment.ts';
import type { ColumnType, StoredColumn } from '../../../src/model/columns.ts';
import type { TableId } from '../../../src/model/ids.ts';
import { clickhouseLoads, tableName } from '../../../src/table-store/clickhouse/clickhouse-loads.ts';
import { ClickhouseServers } from '../../../src/table-store/clickhouse/clickhouse-servers.ts';
import { identifier } from '../../../src/table-store/clickhouse/clickhouse-sql.ts';
import { deleteRows } from '../../../src/table-store/clickhouse/delete-rows.ts';
import { insertSettings, insertSql } from '../../../src/table-store/clickhouse/insert-sql.ts';
import { keepsIntegersAsNumbers } from '../../../src/table-store/clickhouse/integers-as-numbers.ts';
import { insertId } from '../../../src/table-store/clickhouse/running-statements.ts';
import type { TableStore } from '../../../src/table-store/table-store.ts';
import { parsedFile, tableOf } from '../../builders.ts';
import {
  CLUSTER,
  NO_CLICKHOUSE,
  startClickhouse,
  type ClickhouseServers as TestServers,
} from '../../cluster/clickhouse-server.ts';
import { type EngineInFolder, engineInFolder } from '../../engine/engine-in-folder.ts';

const MERGE_TREE = { engine: 'MergeTree', onCluster: null };
const N = [{ name: 'n', type: 'integer' }] as const;
const WHOLE = [['whole', 'decimal']] as const;

describe('loads into ClickHouse', { skip: NO_CLICKHOUSE ?? false }, () => {
  let running: EngineInFolder;
  let test: TestServers;
  let servers: ClickhouseServers;
  let store: Pick<TableStore, 'begin' | 'purge' | 'drop'>;
  before(async () => {
    running = await engineInFolder();
    test = await startClickhouse({ shards: 2 });
    servers = new ClickhouseServers({ urls: test.urls, cluster: CLUSTER });
    store = clickhouseLoads({ servers, making: MERGE_TREE, engine: running.engine, tempDirectory: running.folder });
  });
  after(async () => {
    await servers.close();
    await test.remove();
    await running.close();
  });

  function begin(customer: string, tag: number, columns: readonly StoredColumn[] = N, create = tag === 1) {
    const file = parsedFile(columns);
    return store.begin({ ...tableOf(customer), tag, columns, file, timeColumn: null, create });
  }

  /** A source of integers whose shapes are known, so that ClickHouse parses its segments. */
  function integers(...segments: readonly (readonly [from: number, to: number])[]): CsvSource {
    const texts = segments.map(([from, to]) =>
      Array.from({ length: to - from }, (_, index) => `${from + index}\n`).join(''),
    );
    const source = running.source(['n'], ...texts);
    return { ...source, segments: source.segments.map((segment) => ({ ...segment, shapes: WHOLE })) };
  }

  const named = (customer: string): string => identifier(tableName(tableOf(customer)));
  /** Rows of each attempt: how many, and how many different ones. */
  async function stored(customer: string): Promise<Record<string, readonly number[]>> {
    const rows = await servers.reader.rows<[number, string, string]>(
      `SELECT _thena_upload, count(), uniqExact(c0) FROM ${servers.source(named(customer))} GROUP BY 1 ORDER BY 1`,
    );
    return Object.fromEntries(rows.map(([tag, count, distinct]) => [tag, [Number(count), Number(distinct)]]));
  }
  const eachShard = (sql: string) => servers.onEach((shard) => shard.rows<(string | number)[]>(sql));
  const failing = async (work: Promise<unknown>) =>
    work.then(
      () => 'succeeded',
      (error: Error & { reason?: string }) => `${error.reason}: ${error.message}`,
    );

  it('are dealt out to the shards, and numbered in the order of the lines', async () => {
    const session = await begin('dealt', 1);
    await session.append(integers([0, 1000], [1000, 1500]));
    await session.append(integers([1500, 1700]));
    assert.equal((await session.commit()).rows, 1700);
    const counts = await eachShard(`SELECT count() FROM ${named('dealt')}`);
    assert.ok(
      counts.every(([row]) => Number(row?.[0]) > 0),
      JSON.stringify(counts),
    );
    const wrong = await servers.reader.rows(
      `SELECT * FROM ${servers.source(named('dealt'))} WHERE c0 != _thena_row OR _thena_upload != 1`,
    );
    assert.deepEqual(wrong, []);
  });

  it('of many customers with one small upload each are dealt out, too', async () => {
    const tables = ['00000000000a', '00000000000b', '00000000000c', '00000000000d'].map((id) => id as TableId);
    for (const tableId of tables) {
      const first = { ...tableOf('small', tableId), tag: 1, columns: N, file: parsedFile(N), timeColumn: null };
      const session = await store.begin({ ...first, create: true });
      await session.append(integers([0, 1]));
      await session.commit();
    }
    const rows = await eachShard(`SELECT sum(rows) FROM system.parts WHERE active AND table LIKE 'small\\_%'`);
    assert.deepEqual(rows, [[['2']], [['2']]]);
  });

  it('store each segment as one part in the order of its lines, however many threads parse it', async () => {
    // ClickHouse parses in parallel from 10 MB on.
    const rows = 3_000_000;
    const session = await begin('parts', 1);
    await session.append(integers([0, rows]));
    await session.commit();
    const parts = await eachShard(
      `SELECT rows FROM system.parts WHERE table = '${tableName(tableOf('parts'))}' AND active`,
    );
    assert.deepEqual(parts.flat(), [[String(rows)]]);
    const wrong = await eachShard(`SELECT count() FROM ${named('parts')} WHERE c0 != _thena_row`);
    assert.deepEqual(wrong, [[['0']], [['0']]]);
  });

  it('fsync rows and deletions before they are answered', async () => {
    const syncs = async (): Promise<number> => {
      const counts = await eachShard(`SELECT sum(value) FROM system.events WHERE event = 'FileSync'`);
      return counts.reduce((sum, [row]) => sum + Number(row?.[0]), 0);
    };
    await (await begin('durable', 1)).commit();
    const session = await begin('durable', 2);
    const before = await syncs();
    await session.append(integers([0, 10], [10, 20]));
    const inserted = await syncs();
    assert.ok(inserted >= before + 6, `${inserted - before} for the files of two parts`);
    const table = tableName(tableOf('durable'));
    await servers.onEach((shard) => deleteRows(shard, MERGE_TREE, table, [2], '_thena_upload = 2'));
    const deleted = await syncs();
    // One for the file that describes the deletion, and some for those of the part that it leaves.
    assert.ok(deleted >= inserted + 6, `${deleted - inserted} for the deletions`);
  });

  it('store a request once that was sent twice, also after the commit', async () => {
    const session = await begin('twice', 1);
    await session.append(integers([0, 2]));
    const held = await servers.onEach((each) => each.rows(`SELECT 1 FROM ${named('twice')} LIMIT 1`));
    const shard = servers.shards[held.findIndex((rows) => rows.length > 0)] ?? servers.reader;
    const table = tableName(tableOf('twice'));
    const again = () =>
      shard.insert(insertSql({ table, tag: 1, into: ['c0'] }, parsedFile(N).columns, 0), {
        values: Readable.from([Buffer.from('0\n1\n')]),
        settings: insertSettings({ delimiter: ',', quote: '"', hasFullTimes: true }, `${table}:1:0`),
        queryId: insertId(table, 1),
      });
    assert.match(await failing(again()), /^unavailable: .*the records are stored/);
    assert.equal((await session.commit()).rows, 2);
    assert.match(await failing(again()), /^unavailable: .*the records are stored/);
    assert.deepEqual(await stored('twice'), { 1: [2, 2] });
  });

  it('wait if a request was sent again while the first one runs', async () => {
    const sent = { queryId: insertId('again', 1) };
    const first = servers.reader.run('SELECT sleep(1)', sent);
    await sleep(200);
    assert.match(await failing(servers.reader.run('SELECT 1', sent)), /^unavailable: .*is already running/);
    await first;
  });

  it('cost a server neither an open file nor a megabyte for each table', async () => {
    const used = async (): Promise<readonly number[]> => {
      const [row] = await servers.reader.rows<[string, string]>(
        `SELECT sumIf(value, metric = 'OpenFileForWrite'), sumIf(value, metric = 'MemoryTracking') FROM system.metrics`,
      );
      return (row ?? []).map(Number);
    };
    await (await begin('cheap', 1)).commit();
    const [files = 0, memory = 0] = await used();
    const tables = 60;
    for (let table = 0; table < tables; table++) await (await begin(`cheap-${table}`, 1)).commit();
    const [filesAfter = 0, memoryAfter = 0] = await used();
    assert.ok(filesAfter - files < tables / 2, `${filesAfter - files} files`);
    assert.ok(memoryAfter - memory < tables * 500_000, `${memoryAfter - memory} bytes`);
  });

  it('delete what a failed append has stored, before the next append', async () => {
    const session = await begin('mixed', 1);
    await session.append(integers([0, 10]));
    // The second segment promises whole numbers, and has none.
    const source = integers([10, 20_000], [0, 1]);
    const [good, bad] = source.segments;
    assert(good && bad);
    writeFileSync(bad.path, 'x\n');
    const broken = { ...source, segments: [good, bad] };
    assert.match(
      await failing(session.append(broken)),
      /^rows_do_not_fit: ClickHouse 127.0.0.1:\d+: a record does not fit/,
    );
    assert.equal((await session.commit()).rows, 10);
    assert.deepEqual(await stored('mixed'), { 1: [10, 10] });
    assert.match(await failing(session.append(broken)), /^rows_do_not_fit/);
    await session.append(integers([10, 15]));
    assert.equal((await session.commit()).rows, 15);
  });

  it('choose LowCardinality for texts that repeat', async () => {
    const columns = ['few', 'many', 'short'].map((name) => ({ name, type: 'text' }) as const);
    const text = (rows: number) =>
      Array.from({ length: rows }, (_, row) => `colour ${row % 7},text ${row},${row < 3 ? 'x' : ''}\n`).join('');
    const session = await begin('texts', 1, columns);
    await session.append(
      running.source(
        columns.map(({ name }) => name),
        text(500),
      ),
    );
    await session.commit();
    const types = await eachShard(
      `SELECT type FROM system.columns WHERE table = '${tableName(tableOf('texts'))}' AND name LIKE 'c%' ORDER BY name`,
    );
    const expected = [['LowCardinality(Nullable(String))'], ['Nullable(String)'], ['Nullable(String)']];
    assert.deepEqual(types, [expected, expected]);
  });

  it('add columns for widened ones', async () => {
    const part = (type: ColumnType, ...parts: ColumnType[]): StoredColumn => ({ name: 'n', type, parts });
    await (await begin('wide', 1, [part('integer', 'integer')])).commit();
    const session = await begin('wide', 2, [part('number', 'integer', 'number')]);
    await session.append(running.source(['n'], '0.5\n', '1.5\n'));
    assert.equal((await session.commit()).rows, 2);
    const columns = await eachShard(
      `SELECT groupArray(concat(name, ' ', type)) FROM system.columns WHERE table = '${tableName(tableOf('wide'))}' AND name LIKE 'c%'`,
    );
    const expected = [[['c0 Nullable(Int64)', 'c0_number Nullable(Float64)']]];
    assert.deepEqual(columns, [expected, expected]);
  });

  it('and deletions fail on a shard that has lost the table, and put no empty one in its place', async () => {
    await (await begin('lost', 1)).commit();
    const session = await begin('lost', 2);
    await session.append(integers([0, 10], [10, 20]));
    await servers.shards[1]?.run(`DETACH TABLE ${named('lost')} SYNC`);
    try {
      const missing = /^failed: ClickHouse .*(has no table|UNKNOWN_TABLE)/;
      assert.match(await failing((await begin('lost', 3)).commit()), missing);
      assert.match(await failing(session.rollBack()), missing);
      assert.match(await failing(store.purge(tableOf('lost'), [2])), missing);
    } finally {
      await servers.shards[1]?.run(`ATTACH TABLE ${named('lost')}`);
    }
    assert.deepEqual(await stored('lost'), { 2: [10, 10] });
    await store.purge(tableOf('lost'), [2]);
    assert.deepEqual(await stored('lost'), {});
  });

  it('take 500 columns', async () => {
    const columns = Array.from({ length: 500 }, (_, index) => ({ name: `column ${index}`, type: 'integer' }) as const);
    const session = await begin('many-columns', 1, columns);
    const row = columns.map((_, index) => index).join();
    const source = running.source(
      columns.map(({ name }) => name),
      `${row}\n${row}\n`,
    );
    const shapes = columns.map(() => WHOLE[0]);
    await session.append({ ...source, segments: source.segments.map((segment) => ({ ...segment, shapes })) });
    assert.equal((await session.commit()).rows, 2);
    const [sum] = await servers.reader.rows(`SELECT sum(c0), sum(c499) FROM ${servers.source(named('many-columns'))}`);
    assert.deepEqual(sum, ['0', '998']);
  });

  it('report how far they are', async () => {
    const session = await begin('progress', 1);
    const shares: number[] = [];
    await session.append(integers([0, 2_000_000]), { onProgress: (share) => shares.push(share) });
    assert.ok(shares.every((share) => share >= 0 && share <= 1));
    assert.equal(shares.at(-1), 1);
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
  });

  it('wait while a server has no memory, whichever of their statements fails', async () => {
    const sql = 'SELECT groupArray(number) FROM numbers(10000000)';
    const options = { settings: { wait_end_of_query: 1, max_memory_usage: 1_000_000 } };
    const { reader } = servers;
    await assert.rejects(reader.run(sql, options), { code: 241, reason: 'unavailable' });
    await assert.rejects(reader.rows(sql, options), { code: 241, reason: 'unavailable' });
    await assert.rejects(reader.read(sql, options), { code: 241, reason: 'out_of_memory' });
  });

  it('wait for a server that needed too long, has too much to do, or is broken; a query has a deadline', async () => {
    const { reader } = servers;
    const settings = { wait_end_of_query: 1, max_execution_time: 0.1, max_block_size: 1 };
    const slow = ['SELECT sleepEachRow(0.05) FROM numbers(100)', { settings }] as const;
    await assert.rejects(reader.run(...slow), { code: 159, reason: 'unavailable' });
    await assert.rejects(reader.rows(...slow), { code: 159, reason: 'unavailable' });
    await assert.rejects(reader.read(...slow), { code: 159, reason: 'cancelled' });
    const failures = {
      164: 'unavailable',
      204: 'io_error',
      341: 'unavailable',
      439: 'unavailable',
      745: 'unavailable',
    };
    for (const [code, reason] of Object.entries(failures)) {
      const sql = `SELECT throwIf(1, 'not now', toInt16(${code}))`;
      const options = { settings: { allow_custom_error_code_in_throwif: 1 } };
      await assert.rejects(reader.rows(sql, options), { code: Number(code), reason });
    }
  });

  it('wait for a server for which a proxy answers that it is away', async () => {
    let status = 502;
    const proxy = createServer((_, response) => response.writeHead(status).end('<html>by the proxy</html>'));
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    const behind = new ClickhouseServers({ urls: [`http://127.0.0.1:${port}`], cluster: null });
    try {
      for (status of [429, 502, 503, 504]) {
        await assert.rejects(behind.reader.run('SELECT 1'), {
          reason: 'unavailable',
          message: new RegExp(`${status}`),
        });
        const values = Readable.from(['1\n']);
        await assert.rejects(behind.reader.insert('INSERT INTO t FORMAT CSV', { values }), { reason: 'unavailable' });
      }
      status = 414;
      await assert.rejects(behind.reader.run('SELECT 1'), { reason: 'failed' });
    } finally {
      await behind.close();
      proxy.close();
    }
  });

  it('wait if a server cannot check whether integers stay the same as numbers', async () => {
    await (await begin('unchecked', 1)).append(integers([0, 10_000]));
    const view = { ...tableOf('unchecked'), columns: N, uncommittedTags: [], lastTag: 1 };
    const settings = { max_memory_usage: 1 };
    const { signal } = new AbortController();
    await assert.rejects(keepsIntegersAsNumbers(servers, named('unchecked'), settings, view, 'n', signal), {
      reason: 'unavailable',
    });
  });

  it('leave nothing in the temporary folder', async () => {
    const session = await begin('temporary', 1);
    assert.match(await failing(session.append(running.source(['n'], '1\nx\n'))), /rows_do_not_fit/);
    await session.append(running.source(['n'], '1\n'));
    assert.deepEqual(
      readdirSync(running.folder).filter((name) => name.endsWith('.csv')),
      [],
    );
  });

  describe('when an insert outlives its client', () => {
    /** Starts an insert that goes on for seconds after all of its records have been read. */
    async function slowInsert(customer: string, tag: number): Promise<Promise<string>> {
      const table = tableName(tableOf(customer));
      const [shard] = servers.shards;
      const sql = insertSql({ table, tag, into: ['c0'] }, parsedFile(N).columns, 0).replace(
        'SELECT c0',
        'SELECT c0 + 0 * sleepEachRow(0.05)',
      );
      const settings = {
        ...insertSettings({ delimiter: ',', quote: '"', hasFullTimes: true }, `${table}:${tag}:0`),
        function_sleep_max_microseconds_per_block: 0,
      };
      const lines = Array.from({ length: 200 }, (_, index) => `${index}\n`).join('');
      const ended = failing(
        shard.insert(sql, { values: Readable.from([Buffer.from(lines)]), settings, queryId: insertId(table, tag) }),
      );
      for (let found = 0; found === 0; await sleep(10)) {
        const [row] = await shard.rows<[string]>(
          `SELECT count() FROM system.processes WHERE startsWith(query_id, 'thena:${table}:${tag}:')`,
        );
        found = Number(row?.[0]);
      }
      return ended;
    }

    it('purge ends it first, so that it stores nothing later', async () => {
      await (await begin('outlived', 1)).commit();
      const other = await begin('outlived', 2);
      await other.append(integers([0, 5]));
      const ended = slowInsert('outlived', 3);
      await sleep(300);
      await store.purge(tableOf('outlived'), [3]);
      assert.match(await ended, /^unavailable: .*cancelled|Query was cancelled/i);
      assert.deepEqual(await stored('outlived'), { 2: [5, 5] });
    });

    it('an attempt that was purged stores nothing more, such as of a node that was suspended', async () => {
      await (await begin('suspended', 1)).commit();
      const session = await begin('suspended', 2);
      await session.append(integers([0, 10]));
      await store.purge(tableOf('suspended'), [2]);
      assert.match(await failing(session.append(integers([10, 20]))), /^unavailable: .*the attempt has ended/);
      await (await begin('suspended', 3)).append(integers([0, 5]));
      assert.deepEqual(await stored('suspended'), { 3: [5, 5] });
    });

    for (const end of ['rolled back', 'dropped']) {
      it(`a first attempt whose table was ${end} stores nothing in it, although a suspended node creates it again`, async () => {
        const customer = `created-twice-${end.replace(' ', '-')}`;
        const suspended = await begin(customer, 1);
        const session = await begin(customer, 1);
        await session.append(integers([0, 10]));
        await (end === 'dropped' ? store.drop(tableOf(customer)) : session.rollBack());
        assert.match(await failing(suspended.append(integers([0, 5]))), /^unavailable: .*the attempt has ended/);
        assert.deepEqual(await stored(customer), {});
      });
    }

    it('drop ends it, too', async () => {
      await (await begin('outlived-drop', 1)).commit();
      const ended = slowInsert('outlived-drop', 3);
      await sleep(300);
      await store.drop(tableOf('outlived-drop'));
      assert.notEqual(await ended, 'succeeded');
    });
  });
});
