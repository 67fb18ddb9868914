import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { COMPUTED_ANSWERS, type Profile } from '../../../src/analysis/computed-answers.ts';
import { planQuery } from '../../../src/analysis/plan-query.ts';
import { RequestPart } from '../../../src/analysis/request-part.ts';
import type { StoredColumn } from '../../../src/model/columns.ts';
import type { TableName } from '../../../src/model/ids.ts';
import { CLICKHOUSE } from '../../../src/table-store/clickhouse/clickhouse-dialect.ts';
import { createTableSql, storedTypes } from '../../../src/table-store/clickhouse/physical-table.ts';
import { readRows } from '../../../src/table-store/clickhouse/reading.ts';
import { compileQuery } from '../../../src/table-store/sql/compile-query.ts';
import type { QueryLimits } from '../../../src/table-store/table-store.ts';
import { tableOf, tableState } from '../../builders.ts';
import { NO_CLICKHOUSE } from '../../cluster/clickhouse-server.ts';
import { clickhouseTables } from '../../contract/stored-tables.ts';
import { type EngineInFolder, engineInFolder } from '../../engine/engine-in-folder.ts';
import { until } from '../../until.ts';

const { signal } = new AbortController();
const LIMITS: QueryLimits = { maxRows: 10_000, maxBytes: 100_000_000, deadlineMs: 60_000, signal };
const TYPES = { n: 'integer', x: 'number', s: 'text' } as const;
const COLUMNS: readonly StoredColumn[] = Object.entries(TYPES).map(([name, type]) => ({ name, type }));
const TABLE = tableState(TYPES);
const EVIL = ["'; DROP TABLE t; --", "\\'", '{p1:String}', '`) OR 1=1 --', "a' OR '1'='1", '%_\\', '\u0001\t\n'];

describe('reading tables on ClickHouse', { skip: NO_CLICKHOUSE ?? false }, () => {
  let place: EngineInFolder;
  let tables: Awaited<ReturnType<typeof clickhouseTables>>;
  before(async () => {
    place = await engineInFolder();
    const { exports } = place.storeSettings;
    tables = await clickhouseTables(1, {
      engine: place.engine,
      exports,
      reserveBytes: 0,
      queryMemoryBytes: 100_000_000,
    });
  });
  after(async () => {
    await tables.close();
    await place.close();
  });

  const viewOf = (table: TableName, rows = 1000) => ({
    ...table,
    columns: COLUMNS,
    uncommittedTags: [],
    lastTag: 9,
    rows,
    timeRange: null,
  });
  const query = (table: TableName, request: object, limits: Partial<QueryLimits> = {}, rows = 1000) =>
    tables.reads.query(viewOf(table, rows), planQuery(new RequestPart(request, ''), { ...TABLE, rows }, 10_000), {
      ...LIMITS,
      ...limits,
    });

  /** Fills a table on the first shard by a query of numbers. */
  async function fill(id: string, select: string, rows: number): Promise<TableName> {
    const table = tableOf(id);
    await tables.create(table, COLUMNS);
    const name = `${table.customerId}_${table.tableId}`;
    const sql = `INSERT INTO \`${name}\` SELECT ${select}, 1, number FROM numbers(${rows})`;
    await tables.servers.reader.run(sql);
    return table;
  }

  async function noneRuns(): Promise<void> {
    const running = async (): Promise<number> => {
      const [row] = await tables.servers.reader.rows<[string]>(
        `SELECT count() FROM system.processes WHERE startsWith(query_id, 'thena:read:')`,
      );
      return Number(row?.[0]);
    };
    // Between two chunks of an export, none runs for a moment.
    let without = 0;
    await until(async () => {
      without = (await running()) === 0 ? without + 1 : 0;
      return without === 10;
    });
  }

  it('skips the parts of a table that have none of the times of a condition', async () => {
    const state = tableState({ at: 'timestamp' });
    const sql = createTableSql('times', storedTypes(state.columns, new Set()), 'c0', {
      engine: 'MergeTree',
      onCluster: null,
    });
    const { reader } = tables.servers;
    await reader.run(sql);
    await reader.run('INSERT INTO times SELECT number * 1000000, 1, number FROM numbers(1000000)');
    const where = { column: 'at', op: '<', value: '1970-01-01T01:00:00Z' };
    const request = { measures: [{ fn: 'count' }], group_by: [{ column: 'at', bucket: 'minute' }], where };
    const view = { ...tableOf('times'), columns: state.columns, uncommittedTags: [7], lastTag: 9, table: 'times' };
    const plan = compileQuery(CLICKHOUSE, planQuery(new RequestPart(request, ''), state, 100), view);
    const explained = await readRows(reader, { ...plan, sql: `EXPLAIN indexes = 1 ${plan.sql}` }, LIMITS.signal);
    const [, part, all] = /times_c0.*?Granules: (\d+)\/(\d+)/s.exec(explained.join('\n')) ?? [];
    assert.ok(Number(part) === 1 && Number(all) > 100, explained.join('\n'));
  });

  it('takes values for values, whatever they contain', async () => {
    const table = tableOf('evil');
    await tables.create(table, COLUMNS);
    await tables.add(
      table,
      COLUMNS,
      1,
      EVIL.map((text, index) => [BigInt(index), null, text]),
    );
    for (const [index, text] of EVIL.entries()) {
      const pattern = text.replaceAll(/[\\%_]/g, '\\$&');
      for (const where of [
        { column: 's', op: '=', value: text },
        { column: 's', op: 'in', value: [text, 'other'] },
        { column: 's', op: 'like', value: pattern },
      ]) {
        const outcome = await query(table, { measures: [{ fn: 'max', column: 'n' }], where });
        assert.deepEqual(outcome, { kind: 'rows', rows: [[BigInt(index)]] }, JSON.stringify(where));
      }
    }
    assert.deepEqual(await query(table, { measures: [{ fn: 'count' }] }), {
      kind: 'rows',
      rows: [[BigInt(EVIL.length)]],
    });
  });

  it('profiles a wide table in several queries, whatever its numbers are', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `column ${index}`);
    const state = tableState(Object.fromEntries(names.map((name) => [name, 'number'])), { rows: 5 });
    const table = tableOf('wide');
    await tables.create(table, state.columns);
    // The last column has an infinity, for which its measures are computed otherwise.
    const rows = [0, 1, 2, 3, 4].map((row) =>
      names.map((_, index) => (index === 119 && row === 4 ? Number.POSITIVE_INFINITY : index * 10 + row)),
    );
    await tables.add(table, state.columns, 1, rows);
    const { plan, shape } = COMPUTED_ANSWERS.profile(new RequestPart({ analyze_type: 10003 }, ''), state);
    const view = { ...viewOf(table, 5), columns: state.columns };
    const reads = async (): Promise<number> => {
      const sql = "SELECT value FROM system.events WHERE event = 'SelectQuery'";
      const [row] = await tables.servers.reader.rows<[string]>(sql);
      return Number(row?.[0]);
    };
    const before = await reads();
    const outcome = await tables.reads.query(view, plan, LIMITS);
    assert(outcome.kind === 'rows', outcome.kind);
    assert.ok((await reads()) - before > 3, `${(await reads()) - before}`);
    const profile = shape(outcome.rows, outcome.errors) as Profile;
    assert.deepEqual(
      profile.columns.map(({ name, min, max, mean, distinct, quartiles }) => [
        name,
        min,
        max,
        mean,
        distinct,
        quartiles,
      ]),
      names.map((name, index) => {
        const first = index * 10;
        const [max, mean] = index === 119 ? ['Infinity', 'Infinity'] : [first + 4, first + 2];
        return [name, first, max, mean, 5, { q1: first + 1, median: first + 2, q3: first + 3 }];
      }),
    );
  });

  it('takes long lists of values', async () => {
    const table = tableOf('lists');
    const texts = Array.from({ length: 800 }, (_, index) => `${'漢'.repeat(90)}${index}`);
    await tables.create(table, COLUMNS);
    await tables.add(
      table,
      COLUMNS,
      1,
      texts.map((text) => [1n, null, text]),
    );
    const where = { column: 's', op: 'in', value: texts };
    assert.deepEqual(await query(table, { measures: [{ fn: 'count' }], where }), { kind: 'rows', rows: [[800n]] });
  });

  it('takes more values than a URL has space for', async () => {
    const odd = "'\\\t\n{p1:String}";
    const table = tableOf('many-values');
    await tables.create(table, COLUMNS);
    await tables.add(table, COLUMNS, 1, [
      [2n ** 62n, 0.5, odd],
      [7n, Number.NaN, 'other'],
    ]);
    const n = (value: readonly unknown[]) => ({ column: 'n', op: 'between', value });
    const others = Array.from({ length: 495 }, (_, index) => n([8, 9 + index]));
    const quotes = Array.from({ length: 20 }, (_, index) => `'${index}`.padEnd(9999, "'"));
    const beyond = Array.from({ length: 999 }, (_, index) => String(2n ** 64n + 7n + BigInt(index)));
    for (const last of [
      n([10, '9'.repeat(20)]),
      { column: 'n', op: 'in', value: [2 ** 40, String(2n ** 62n)] },
      { column: 'x', op: '<', value: 'Infinity' },
      { column: 'x', op: 'in', value: [1e-300, 0.5] },
      { column: 's', op: '=', value: odd },
      { column: 's', op: 'in', value: [odd, ...quotes] },
      { column: 's', op: 'like', value: "'\\\\_%String}" },
      { column: 'n', op: 'in', value: [...beyond, String(2n ** 62n)] },
    ]) {
      const request = { measures: [{ fn: 'max', column: 'n' }], where: { or: [...others, last] } };
      assert.deepEqual(
        await query(table, request),
        { kind: 'rows', rows: [[2n ** 62n]] },
        JSON.stringify(last).slice(0, 80),
      );
    }
  });

  it('takes names for names, also in the columns of a Parquet file', async () => {
    const columns = [...EVIL.slice(0, 5), 'c1', '_thena_row', 'a`b'].map(
      (name) => ({ name, type: 'integer' }) as const,
    );
    const table = tableOf('names');
    await tables.create(table, columns);
    await tables.add(table, columns, 1, [columns.map((_, index) => BigInt(index))]);
    const view = { ...viewOf(table), columns };
    for (const format of ['parquet', 'arrow', 'csv', 'ndjson'] as const) {
      const request = { columns: columns.toReversed(), where: null, format, escapeFormulas: false };
      const chunks = await Array.fromAsync(tables.reads.export(view, request, { chunkMs: 60_000, signal }));
      assert.ok(Buffer.concat(chunks).length > 0, format);
    }
  });

  it('ends at its deadline, at a cancellation and at the limit of memory', async () => {
    const table = await fill('limits', 'toInt64(number), number / 3, toString(number)', 3_000_000);
    // Distinct texts, several times more than there is memory for.
    const medians = ['n', 'x'].map((column) => ({ fn: 'median', column }));
    const heavy = { measures: [...medians, { fn: 'count_distinct', column: 's' }] };
    assert.deepEqual(await query(table, heavy), { kind: 'out_of_memory' });
    assert.deepEqual(await query(table, heavy, { deadlineMs: 30 }), { kind: 'timed_out' });
    const abort = AbortSignal.timeout(40);
    assert.deepEqual(await query(table, heavy, { signal: abort }), { kind: 'cancelled' });
    await noneRuns();
    const few = { group_by: ['s'], where: { column: 'n', op: '<', value: 500 } };
    assert.deepEqual(await query(table, few, { maxRows: 499 }), { kind: 'too_many_rows' });
    assert.deepEqual(await query(table, few, { maxBytes: 1000 }), { kind: 'too_many_bytes' });
  });

  it('computes approximate measures within their stated errors', async () => {
    const rows = 6_000_000;
    const table = await fill('approximate', 'toInt64(number), number % 1000, toString(number % 2000000)', rows);
    const measures = [
      { fn: 'median', column: 'n', approximate: true, as: 'median' },
      { fn: 'count_distinct', column: 's', approximate: true, as: 'distinct' },
    ];
    const outcome = await query(table, { measures }, {}, rows);
    assert(outcome.kind === 'rows', outcome.kind);
    const [median, distinct] = (outcome.rows[0] ?? []).map(Number) as [number, number];
    const [rankError, countError] = outcome.errors ?? [];
    assert.ok(rankError && Math.abs(median / rows - 0.5) <= rankError, `${median} ${rankError}`);
    assert.ok(countError && Math.abs(distinct / 2_000_000 - 1) <= countError, `${distinct} ${countError}`);
  });

  it('bounds pages and chunks of long texts, and returns all of them', async () => {
    const table = await fill('long', `toInt64(number), NULL, repeat(toString(number % 10), 400000)`, 100);
    const page = { columns: COLUMNS, where: null, after: null, limit: 100 };
    const outcome = await tables.reads.rows(viewOf(table), page, LIMITS);
    assert(outcome.kind === 'rows', outcome.kind);
    assert.ok(outcome.rows.length > 10 && outcome.rows.length < 30, `${outcome.rows.length}`);
    const request = { columns: COLUMNS, where: null, format: 'csv', escapeFormulas: false } as const;
    let bytes = 0;
    for await (const chunk of tables.reads.export(viewOf(table), request, { chunkMs: 60_000, signal })) {
      assert.ok(chunk.length <= 17_000_000, `${chunk.length}`);
      bytes += chunk.length;
    }
    assert.ok(bytes > 40_000_000);
  });

  it('exports every row once and in order, over many chunks and uploads', async () => {
    const table = await fill('many', `toInt64(number), NULL, repeat('x', 200)`, 200_000);
    const name = `\`${table.customerId}_${table.tableId}\``;
    for (const [tag, from, rows] of [
      [3, 200_000, 300],
      [4, 200_300, 60_000],
    ])
      await tables.servers.reader.run(
        `INSERT INTO ${name} SELECT toInt64(${from} + number), NULL, repeat('y', 200), ${tag}, number FROM numbers(${rows})`,
      );
    const request = { columns: COLUMNS, where: null, format: 'csv', escapeFormulas: false } as const;
    const chunks = await Array.fromAsync(tables.reads.export(viewOf(table), request, { chunkMs: 60_000, signal }));
    const lines = Buffer.concat(chunks).toString().split('\n').slice(1, -1);
    assert.equal(lines.length, 260_300);
    assert.equal(
      lines.findIndex((line, index) => !line.startsWith(`${index},`)),
      -1,
    );
    assert.ok(chunks.length > 10, `${chunks.length}`);
  });

  it('reads few chunks of an export ahead, and nothing while the client is slow', async () => {
    const table = await fill('ahead', `toInt64(number), number / 3, repeat('x', 200)`, 300_000);
    const request = { columns: COLUMNS, where: null, format: 'csv', escapeFormulas: false } as const;
    const chunks = tables.reads.export(viewOf(table), request, { chunkMs: 60_000, signal });
    let bytes = 0;
    for (let chunk = 0; chunk < 3; chunk++) bytes += (await chunks.next()).value?.length ?? 0;
    assert.ok(bytes > 1_000_000 && bytes < 16_000_000, `${bytes}`);
    await noneRuns();
    await tables.servers.reader.run(`DROP TABLE \`${table.customerId}_${table.tableId}\` SYNC`);
    const rest: Uint8Array[] = [];
    await assert.rejects(
      async () => {
        for await (const chunk of chunks) rest.push(chunk);
      },
      { name: 'ExportEnded', kind: 'no_table' },
    );
    assert.ok(rest.length <= 2, `${rest.length}`);
  });

  it('fails when a shard is down, and names it, or has no such table, instead of answering for the other one', async (t) => {
    const { exports } = place.storeSettings;
    const halves = await clickhouseTables(2, { engine: place.engine, exports, reserveBytes: 0 });
    t.after(() => halves.close());
    const { reads, running } = halves;
    const table = tableOf('halves');
    const view = viewOf(table);
    const count = planQuery(new RequestPart({ measures: [{ fn: 'count' }] }, ''), TABLE, 100);
    await halves.create(table, COLUMNS);
    await halves.add(
      table,
      COLUMNS,
      1,
      Array.from({ length: 10 }, (_, index) => [BigInt(index), null, null]),
    );
    const page = { columns: COLUMNS, where: null, after: null, limit: 100 };
    const [, second] = running.shards;
    const failure = (what: string) => (error: Error & { reason?: string }) => {
      assert.equal(error.reason, 'unavailable', what);
      assert.match(error.message, /127\.0\.0\.1:\d+/);
      return true;
    };
    const [, paused] = halves.servers.shards;
    second?.pause();
    await assert.rejects(async () => paused?.run('SELECT 1', { timeoutMs: 100 }), failure('suspended'));
    await second?.kill();
    try {
      // Whichever of them collects the answer.
      for (const shard of halves.servers.shards)
        await assert.rejects(reads.query(view, count, LIMITS), failure(`query ${shard.name}`));
      await assert.rejects(reads.rows(view, page, LIMITS), failure('rows'));
      for (const format of ['csv', 'parquet'] as const) {
        const request = { columns: COLUMNS, where: null, format, escapeFormulas: false };
        const chunks = Array.fromAsync(reads.export(view, request, { chunkMs: 60_000, signal }));
        await assert.rejects(chunks, failure(format));
      }
    } finally {
      await second?.start();
    }
    const outcome = await reads.query(view, count, LIMITS);
    assert.deepEqual(outcome, { kind: 'rows', rows: [[10n]] });
    await halves.add(table, COLUMNS, 2, [
      [1n, null, null],
      [2n ** 53n + 1n, null, null],
    ]);
    for (const shard of [...halves.servers.shards].reverse()) {
      await shard.run(`DETACH TABLE \`${table.customerId}_${table.tableId}\` SYNC`);
      assert.deepEqual(await reads.query(view, count, LIMITS), { kind: 'no_table' }, shard.name);
      assert.deepEqual(await reads.rows(view, page, LIMITS), { kind: 'no_table' });
      const request = { columns: COLUMNS, where: null, format: 'csv', escapeFormulas: false } as const;
      const chunks = Array.fromAsync(reads.export(view, request, { chunkMs: 60_000, signal }));
      await assert.rejects(chunks, { kind: 'no_table' });
      await shard.run(`ATTACH TABLE \`${table.customerId}_${table.tableId}\``);
    }
  });
});
