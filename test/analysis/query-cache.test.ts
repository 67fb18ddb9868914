import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAnalysis } from '../../src/analysis/analysis.ts';
import { AnalysisSlots } from '../../src/analysis/analysis-slots.ts';
import { identityOf } from '../../src/analysis/identity.ts';
import { tableResult } from '../../src/analysis/json-values.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { type PlannedQuery, QueryCache, type QueryCacheDeps } from '../../src/analysis/query-cache.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import { LocalNews } from '../../src/catalog/local-news.ts';
import type { TableForReading } from '../../src/catalog/table-state.ts';
import { dangerouslyAllow } from '../../src/model/customer-access.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { StorageFailure } from '../../src/model/storage-failure.ts';
import { NOTHING_SETTLED } from '../../src/model/value-format.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { QueryOutcome, TableStore } from '../../src/table-store/table-store.ts';
import { parsedFile, TABLE_ID } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';

const COLUMNS = [{ name: 'n', type: 'integer', settled: NOTHING_SETTLED }] as const;
const CUSTOMER = parseCustomerId('c') as CustomerId;
const VIEW: TableForReading = {
  table: {
    tableId: TABLE_ID,
    columns: COLUMNS,
    timeColumn: null,
    rows: 400_000,
    version: 1,
    firstRowAt: null,
    earliestAt: null,
    latestAt: null,
  },
  uncommittedTags: [],
  lastTag: 1,
  changedAt: null,
  generation: 0,
  createdAt: new Date(0),
};
/** Takes a few tenths of a second. */
const SLOW = {
  measures: [
    { fn: 'count_distinct', column: 'n' },
    { fn: 'median', column: 'n' },
    { fn: 'stddev', column: 'n' },
  ],
};

function planned(query: unknown): (view: TableForReading) => PlannedQuery {
  return ({ table }) => {
    const plan = planQuery(new RequestPart(query, '/query'), table, 1000);
    return { name: 'query', plan, shape: (rows) => tableResult(plan, rows) };
  };
}

describe('the query cache', () => {
  let place: EngineInFolder;
  let store: TableStore;
  /** How each query of the store ended, in order. */
  let outcomes: QueryOutcome['kind'][] = [];
  /** Queries that the store was asked to run. */
  let started = 0;
  let now: TableForReading | null = VIEW;

  before(async () => {
    place = await engineInFolder();
    store = duckdbTableStore(place.engine, place.storeSettings);
    const load = {
      customerId: CUSTOMER,
      tableId: TABLE_ID,
      tag: 1,
      columns: COLUMNS,
      file: parsedFile(COLUMNS),
      timeColumn: null,
      create: true,
    };
    const session = await store.begin(load);
    await session.append(place.source(['n'], Array.from({ length: 400_000 }, (_, index) => `${index}\n`).join('')));
    await session.commit();
  });
  after(() => place.close());

  function depsWith(settings: Partial<QueryCacheDeps> = {}): QueryCacheDeps {
    outcomes = [];
    started = 0;
    now = VIEW;
    return {
      catalog: { tableForReading: async () => now },
      tables: {
        async query(view, plan, limits) {
          started++;
          const outcome = await store.query(view, plan, limits);
          outcomes.push(outcome.kind);
          return outcome;
        },
      },
      analysisMs: 30_000,
      maxResultRows: 1000,
      resultCacheBytes: 1_000_000,
      ...settings,
    };
  }
  const cacheWith = (settings: Partial<QueryCacheDeps> = {}): QueryCache =>
    new QueryCache(depsWith(settings), new AnalysisSlots(4));
  const connected = new AbortController().signal;

  it('runs a query once for concurrent requests, and not again until the table changes', async () => {
    const cache = cacheWith();
    const run = (view = VIEW) => cache.run(CUSTOMER, view, planned(SLOW), connected);
    const results = await Promise.all(Array.from({ length: 50 }, () => run()));
    assert.equal(started, 1);
    assert.equal(new Set(results).size, 1);
    await run();
    assert.equal(started, 1);
    // Another version is another table, and so is that of a later customer with the same ID.
    now = { ...VIEW, table: { ...VIEW.table, version: 2 } };
    await run(now);
    assert.equal(started, 2);
    now = { ...VIEW, createdAt: new Date(1) };
    await run(now);
    assert.equal(started, 3);
  });

  it('runs a query once for requests with the same meaning', async () => {
    const cache = cacheWith();
    const columns = [...COLUMNS, { name: 'At', type: 'timestamp', settled: NOTHING_SETTLED }] as const;
    const other = { ...VIEW, table: { ...VIEW.table, columns, timeColumn: 'At', rows: 0, version: 7 } };
    const same = [
      [
        { measures: [{ fn: 'max', column: 'n' }], where: { column: 'n', op: 'between', value: [1, 2] } },
        {
          where: {
            and: [
              { value: '1', column: 'N', op: '>=' },
              { op: '<=', value: 2, column: 'n' },
            ],
          },
          measures: [{ as: 'max_n', column: 'N', fn: 'max' }],
        },
        { measures: [{ fn: 'max', column: 'n' }], where: { column: 'n', op: 'between', value: [1, 2.0] } },
      ],
      [
        { measures: [{ fn: 'count' }], group_by: [{ column: 'at', bucket: 'hour' }] },
        { measures: [{ fn: 'count' }], group_by: [{ column: 'AT', bucket: '1 Hours', time_zone: 'Zulu' }] },
        { measures: [{ fn: 'count' }], group_by: [{ column: 'At', bucket: 'hour' }], order_by: ['at'] },
        {
          measures: [{ fn: 'count' }],
          group_by: [{ column: 'At', bucket: 'hour', as: 'At' }],
          order_by: [{ column: 'At', direction: 'asc', nulls: 'last' }],
        },
      ],
      [{ measures: [{ fn: 'last', column: 'n' }] }, { measures: [{ fn: 'last', column: 'n', by: 'at' }] }],
    ];
    for (const requests of same) {
      const keys = new Set<string>();
      for (const request of requests) {
        const { plan, name } = planned(request)(other);
        keys.add(identityOf(CUSTOMER, other, name, plan));
      }
      assert.equal(keys.size, 1, [...keys].join('\n'));
    }
    const different = [1, '"1"', 'n', '1n', 'NaNf'].map((value) => ({
      measures: [{ fn: 'count' }],
      having: { column: 'count', op: '=', value: 1 },
      group_by: [{ column: 'n', as: String(value) }],
    }));
    const keys = different.map((request) => {
      const { name, plan } = planned(request)(VIEW);
      return identityOf(CUSTOMER, VIEW, name, plan);
    });
    assert.equal(new Set(keys).size, different.length);
    await cache.run(CUSTOMER, VIEW, planned(same[0]?.[0]), connected);
    await cache.run(CUSTOMER, VIEW, planned(same[0]?.[1]), connected);
    assert.equal(started, 1);
  });

  it('keeps the results that were requested last, within its memory limit', async () => {
    const query = (number: number) => ({ group_by: ['n'], where: { column: 'n', op: '<', value: number }, limit: 100 });
    const ask = (number: number) => cache.run(CUSTOMER, VIEW, planned(query(number)), connected);
    // Each result takes about 2,800 bytes.
    const cache = cacheWith({ resultCacheBytes: 10_000 });
    for (const number of [101, 102, 103]) await ask(number);
    const before = started;
    await ask(101);
    assert.equal(started, before, 'three results fit');
    for (const number of [104, 105, 106]) await ask(number);
    await ask(106);
    assert.equal(started, before + 3);
    await ask(102);
    assert.equal(started, before + 4, '102 is the result that was requested least recently');
  });

  it('keeps no result that exceeds its memory limit', async () => {
    const cache = cacheWith({ resultCacheBytes: 1 });
    for (let time = 0; time < 2; time++) await cache.run(CUSTOMER, VIEW, planned(SLOW), connected);
    assert.equal(started, 2);
  });

  it('cancels a query when the last client disconnects, and not before', async () => {
    const cache = cacheWith();
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [first, second].map(({ signal }) => cache.run(CUSTOMER, VIEW, planned(SLOW), signal).catch(String));
    await sleep(5);
    first.abort();
    await sleep(5);
    assert.deepEqual(outcomes, []);
    // A request at the moment of the cancellation starts the query again.
    second.abort();
    const third = cache.run(CUSTOMER, VIEW, planned(SLOW), connected);
    await Promise.all(waiting);
    assert.ok((await third).result);
    assert.deepEqual(outcomes.toSorted(), ['cancelled', 'rows']);
  });

  it('ends queries that exceed the time limit, also while they wait for a slot', async () => {
    const cache = cacheWith({ analysisMs: 20 });
    const timedOut = { code: 'analysis_timeout' };
    await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        assert.rejects(cache.run(CUSTOMER, VIEW, planned({ ...SLOW, limit: index + 1 }), connected), timedOut),
      ),
    );
    assert.ok(started < 6, 'no query had to wait');
  });

  it('runs a query again if an upload was undone during the run', async () => {
    const cache = cacheWith();
    now = { ...VIEW, generation: 1, lastTag: 0, table: { ...VIEW.table, version: 2 } };
    const { result, table } = await cache.run(CUSTOMER, VIEW, planned({ measures: [{ fn: 'count' }] }), connected);
    assert.deepEqual([table.version, (result as { rows: unknown }).rows], [2, [[0]]]);
    assert.equal(started, 2);
    now = null;
    const gone = cache.run(CUSTOMER, { ...VIEW, generation: 2 }, planned({ measures: [{ fn: 'count' }] }), connected);
    await assert.rejects(gone, { code: 'table_empty' });
  });

  it('reports a failure of the store only if the table is still there, and a table that only the store lacks as missing', async () => {
    const broken = new StorageFailure('unavailable', 'no server has the table');
    const failing: QueryCacheDeps['tables'] = {
      async query() {
        throw broken;
      },
    };
    const count = planned({ measures: [{ fn: 'count' }] });
    const cache = cacheWith({ tables: failing });
    await assert.rejects(cache.run(CUSTOMER, VIEW, count, connected), broken);
    now = null;
    await assert.rejects(cache.run(CUSTOMER, VIEW, count, connected), { code: 'table_empty' });
    const lost = cacheWith({ tables: { query: async () => ({ kind: 'no_table' }) } });
    await assert.rejects(lost.run(CUSTOMER, VIEW, count, connected), { code: 'table_missing' });
  });

  it('reports analysis_cancelled for a running analysis that is cancelled', async () => {
    const deps = depsWith();
    const analysis = createAnalysis({
      ...deps,
      catalog: {
        ...deps.catalog,
        committedRows: async () => [],
        isShared: false,
        news: new LocalNews(),
        saveAnalyses: async () => [],
        analysesOfOthers: async () => [],
        requestAnalysisCancel: async () => false,
      },
      observe: () => undefined,
      tables: { ...store, query: deps.tables.query },
      concurrentAnalyses: 1,
      exportDirectory: '',
      diskReserveBytes: 0,
      concurrentExports: 1,
    });
    const ask = (query: unknown, signal: AbortSignal) =>
      analysis.answer(dangerouslyAllow(CUSTOMER), { customer_id: 'c', query }, () => signal);
    const running = new AbortController();
    const waiting = new AbortController();
    const cancelled = [ask(SLOW, running.signal), ask({ ...SLOW, limit: 1 }, waiting.signal)];
    while (started === 0) await sleep(1);
    waiting.abort();
    running.abort();
    const expected = { code: 'analysis_cancelled', status: 409 };
    await Promise.all(cancelled.map((each) => assert.rejects(each, expected)));
    while (outcomes.length === 0) await sleep(1);
    assert.deepEqual([started, outcomes], [1, ['cancelled']]);
    const { result } = await ask({ measures: [{ fn: 'count' }] }, connected);
    assert.deepEqual((result as { rows: unknown }).rows, [[400_000]]);
  });
});
