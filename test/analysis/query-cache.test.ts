import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Admission } from '../../src/analysis/admission.ts';
import { tableResult } from '../../src/analysis/json-values.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { type Computation, Computations, keyOf } from '../../src/analysis/query-cache.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import type { TableForReading } from '../../src/catalog/catalog.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { QueryOutcome, TableStore } from '../../src/table-store/table-store.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';

const COLUMNS = [{ name: 'n', type: 'integer', format: null }] as const;
const CUSTOMER = parseCustomerId('c') as CustomerId;
const VIEW: TableForReading = {
  table: {
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
  generation: 0,
  createdAt: new Date(0),
};
/** Takes some tenths of a second. */
const SLOW = {
  measures: [
    { fn: 'count_distinct', column: 'n' },
    { fn: 'median', column: 'n' },
    { fn: 'stddev', column: 'n' },
  ],
};

function computing(query: unknown): (view: TableForReading) => Computation {
  return ({ table }) => {
    const plan = planQuery(new RequestPart(query, '/query'), table, 1000);
    return { name: 'query', plan, shape: (rows) => tableResult(plan, rows) };
  };
}

describe('computations', () => {
  let place: EngineInFolder;
  let store: TableStore;
  /** How each query of the store ended, in order. */
  let outcomes: QueryOutcome['kind'][] = [];
  let asked = 0;
  let now: TableForReading | null = VIEW;

  before(async () => {
    place = await engineInFolder();
    store = duckdbTableStore(place.engine, place.storeSettings);
    const load = {
      customerId: CUSTOMER,
      tag: 1,
      columns: COLUMNS,
      formats: COLUMNS,
      timeColumn: null,
      create: true,
      exact: true,
    };
    const session = await store.begin(load);
    await session.append(place.source(['n'], Array.from({ length: 400_000 }, (_, index) => `${index}\n`).join('')));
    await session.commit();
  });
  after(() => place.close());

  function computations(settings: { analysisMs?: number; resultCacheBytes?: number } = {}): Computations {
    outcomes = [];
    asked = 0;
    now = VIEW;
    return new Computations({
      catalog: { tableForReading: async () => now },
      tables: {
        async query(view, plan, limits) {
          asked++;
          const outcome = await store.query(view, plan, limits);
          outcomes.push(outcome.kind);
          return outcome;
        },
      },
      analysisMs: 30_000,
      concurrentAnalyses: 4,
      maxResultRows: 1000,
      resultCacheBytes: 1_000_000,
      ...settings,
    });
  }
  const unheard = new AbortController().signal;

  it('are done once for many that ask at once, and not again while the table stands', async () => {
    const all = computations();
    const run = (view = VIEW) => all.run(CUSTOMER, view, computing(SLOW), unheard);
    const results = await Promise.all(Array.from({ length: 50 }, () => run()));
    assert.equal(asked, 1);
    assert.equal(new Set(results).size, 1);
    await run();
    assert.equal(asked, 1);
    // The next version is another table, and so is another customer's of the same name.
    now = { ...VIEW, table: { ...VIEW.table, version: 2 } };
    await run(now);
    assert.equal(asked, 2);
    now = { ...VIEW, createdAt: new Date(1) };
    await run(now);
    assert.equal(asked, 3);
  });

  it('are one for requests that mean the same', async () => {
    const all = computations();
    const columns = [...COLUMNS, { name: 'At', type: 'timestamp', format: null }] as const;
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
    // The table of the test has no times: what is asked of it is counted, not what it answers.
    for (const requests of same) {
      const keys = new Set<string>();
      for (const request of requests) {
        const { plan, name } = computing(request)(other);
        keys.add(keyOf(CUSTOMER, other, { plan, name }));
      }
      assert.equal(keys.size, 1, [...keys].join('\n'));
    }
    const different = [1, '"1"', 'n', '1n', 'NaNf'].map((value) => ({
      measures: [{ fn: 'count' }],
      having: { column: 'count', op: '=', value: 1 },
      group_by: [{ column: 'n', as: String(value) }],
    }));
    const keys = different.map((request) => keyOf(CUSTOMER, VIEW, computing(request)(VIEW)));
    assert.equal(new Set(keys).size, different.length);
    await all.run(CUSTOMER, VIEW, computing(same[0]?.[0]), unheard);
    await all.run(CUSTOMER, VIEW, computing(same[0]?.[1]), unheard);
    assert.equal(asked, 1);
  });

  it('keep those results that were asked for last, within their memory', async () => {
    const query = (number: number) => ({ group_by: ['n'], where: { column: 'n', op: '<', value: number }, limit: 100 });
    const ask = (number: number) => all.run(CUSTOMER, VIEW, computing(query(number)), unheard);
    // Each takes about 2,800 bytes.
    const all = computations({ resultCacheBytes: 10_000 });
    for (const number of [101, 102, 103]) await ask(number);
    const before = asked;
    await ask(101);
    assert.equal(asked, before, 'three of them fit');
    for (const number of [104, 105, 106]) await ask(number);
    await ask(106);
    assert.equal(asked, before + 3);
    await ask(102);
    assert.equal(asked, before + 4, 'the second was asked for longest ago');
  });

  it('keep no more results than there is memory for', async () => {
    const all = computations({ resultCacheBytes: 1 });
    for (let time = 0; time < 2; time++) await all.run(CUSTOMER, VIEW, computing(SLOW), unheard);
    assert.equal(asked, 2);
  });

  it('are cancelled when nobody waits for them any more, and not before', async () => {
    const all = computations();
    const [first, second] = [new AbortController(), new AbortController()];
    const waiting = [first, second].map(({ signal }) => all.run(CUSTOMER, VIEW, computing(SLOW), signal).catch(String));
    await sleep(5);
    first.abort();
    await sleep(5);
    assert.deepEqual(outcomes, []);
    // Whoever comes in the moment of the cancellation has it computed for himself.
    second.abort();
    const third = all.run(CUSTOMER, VIEW, computing(SLOW), unheard);
    await Promise.all(waiting);
    assert.ok((await third).result);
    assert.deepEqual(outcomes.toSorted(), ['cancelled', 'rows']);
  });

  it('end when they take too long, also while they wait for their turn', async () => {
    const all = computations({ analysisMs: 20 });
    const timedOut = { code: 'analysis_timeout' };
    await Promise.all(
      Array.from({ length: 6 }, (_, index) =>
        assert.rejects(all.run(CUSTOMER, VIEW, computing({ ...SLOW, limit: index + 1 }), unheard), timedOut),
      ),
    );
    assert.ok(asked < 6, 'none had to wait');
  });

  it('are done anew where an upload was undone under them', async () => {
    const all = computations();
    now = { ...VIEW, generation: 1, lastTag: 0, table: { ...VIEW.table, version: 2 } };
    const { result, table } = await all.run(CUSTOMER, VIEW, computing({ measures: [{ fn: 'count' }] }), unheard);
    assert.deepEqual([table.version, (result as { rows: unknown }).rows], [2, [[0]]]);
    assert.equal(asked, 2);
    now = null;
    const gone = all.run(CUSTOMER, { ...VIEW, generation: 2 }, computing({ measures: [{ fn: 'count' }] }), unheard);
    await assert.rejects(gone, { code: 'table_empty' });
  });
});

describe('analyses at once', () => {
  it('are bounded in all and of one customer, and others pass by who has his share', async () => {
    const admission = new Admission(2);
    const { signal } = new AbortController();
    const order: string[] = [];
    const ends: (() => void)[] = [];
    const begin = (customer: string) =>
      admission.run(customer, signal, async () => {
        order.push(customer);
        await new Promise<void>((resolve) => ends.push(resolve));
      });
    const all = [begin('a'), begin('a'), begin('b'), begin('b')];
    await sleep(1);
    assert.deepEqual(order, ['a', 'b']);
    ends[1]?.();
    await sleep(1);
    assert.deepEqual(order, ['a', 'b', 'b'], 'the second of a passed by its share');
    ends[0]?.();
    await sleep(1);
    assert.deepEqual(order, ['a', 'b', 'b', 'a']);
    for (const end of ends) end();
    await Promise.all(all);
  });

  it('lose no turn to who has left the line', async () => {
    const admission = new Admission(1);
    const leaving = new AbortController();
    const { signal } = new AbortController();
    const { promise, resolve } = Promise.withResolvers<void>();
    const first = admission.run('a', signal, () => promise);
    const left = admission.run('b', leaving.signal, async () => assert.fail('it had left'));
    leaving.abort(new Error('gone'));
    await assert.rejects(left, /gone/);
    resolve();
    await first;
    assert.equal(await admission.run('c', signal, async () => 'done'), 'done');
  });
});
