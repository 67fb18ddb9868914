import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { COMPUTED_ANSWERS, type Profile } from '../../src/analysis/computed-answers.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { QueryPlan } from '../../src/table-store/query-plan.ts';
import { TABLE_ID, tableOf, tableState } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';

const ROWS = 6_000_000;
const TABLE = tableState({ n: 'integer', x: 'number', k: 'text' }, { rows: ROWS });

let place: EngineInFolder;
before(async () => {
  // Too little memory for the quartiles of all rows.
  place = await engineInFolder({ memoryBytes: 128 * 1024 * 1024 });
  const instance = await DuckDBInstance.create(join(place.tables, `a_${TABLE_ID}.duckdb`));
  const connection = await instance.connect();
  await connection.run(
    `CREATE TABLE rows AS SELECT i AS c0, CAST(i % 1000 AS DOUBLE) AS c1, 'kind ' || i % 50 AS c2, 1 AS _thena_upload FROM range(${ROWS}) r(i)`,
  );
  connection.closeSync();
  instance.closeSync();
});
after(() => place.close());

async function run(plan: QueryPlan) {
  const store = duckdbTableStore(place.engine, { ...place.storeSettings, quantileBytes: 64 * 1024 * 1024 });
  const view = {
    ...tableOf('a'),
    columns: TABLE.columns,
    uncommittedTags: [],
    lastTag: 1,
    rows: ROWS,
    timeRange: null,
  };
  const limits = { maxRows: 10, maxBytes: 10_000, deadlineMs: 120_000, signal: new AbortController().signal };
  return store.query(view, plan, limits);
}
const planOf = (query: object) => planQuery(new RequestPart(query, '/query'), TABLE, 1000);

it('profiles a table whose quartiles exceed the memory, within the errors that the result reports', async () => {
  const { plan, shape } = COMPUTED_ANSWERS.profile(new RequestPart({ analyze_type: 10003 }, ''), TABLE);
  const outcome = await run(plan);
  assert(outcome.kind === 'rows', outcome.kind);
  const [n, x, k] = (shape(outcome.rows, outcome.errors) as Profile).columns;
  assert.ok(n?.quartiles && x?.quartiles && k);
  assert.ok(
    n.distinctError !== null && n.distinctError < 0.01 && n.quartilesError !== null && n.quartilesError < 0.003,
  );
  assert.ok(Math.abs(n.distinct - ROWS) <= n.distinctError * n.distinct, `${n.distinct}`);
  assert.notEqual(n.distinct, ROWS, 'it is a sample');
  for (const [share, value] of [
    [0.25, n.quartiles.q1],
    [0.5, n.quartiles.median],
    [0.75, n.quartiles.q3],
  ] as const) {
    assert.ok(Math.abs(Number(value) / ROWS - share) <= n.quartilesError, `${share}: ${value}`);
  }
  assert.deepEqual([x.distinct, x.distinctError], [1000, null], 'few distinct values are counted exactly');
  assert.deepEqual([k.distinct, k.distinctError, k.quartilesError], [50, null, null]);
  assert.deepEqual([n.min, n.max, n.nulls, x.mean], [0, ROWS - 1, 0, 499.5], 'everything else is exact');
});

it('computes approximate measures on request only, and exactly if a condition leaves few rows', async () => {
  const median = { fn: 'median', column: 'n' };
  assert.equal((await run(planOf({ measures: [median] }))).kind, 'out_of_memory');
  const sampled = await run(planOf({ measures: [{ ...median, approximate: true }, { fn: 'count' }] }));
  assert(sampled.kind === 'rows', sampled.kind);
  assert.ok(Math.abs(Number(sampled.rows[0]?.[0]) / ROWS - 0.5) < 0.003);
  assert.deepEqual([sampled.rows[0]?.[1], sampled.errors?.length, sampled.errors?.[1]], [BigInt(ROWS), 2, null]);
  const where = { column: 'n', op: '<', value: 1001 };
  const few = await run(
    planOf({
      measures: [
        { ...median, approximate: true },
        { ...median, as: 'exact' },
      ],
      where,
    }),
  );
  assert.deepEqual(few, { kind: 'rows', rows: [[500, 500]] });
});
