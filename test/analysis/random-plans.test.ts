import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { formatDate, formatTimestamp } from '../../src/model/timestamps.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { QueryPlan } from '../../src/table-store/query-plan.ts';
import type { StoredValue, TableStore } from '../../src/table-store/table-store.ts';
import { parsedFile, TABLE_ID } from '../builders.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';
import { evaluate, type Row } from './naive-query.ts';
import { COLUMNS, countedRows, queries, rows as randomRows, TABLE } from './random-queries.ts';
import { assertSameResults } from './rounding.ts';

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 150);
const LIMITS = { maxRows: 10_000, maxBytes: 10_000_000, deadlineMs: 30_000 };

describe('random queries over random tables', () => {
  let place: EngineInFolder;
  let store: TableStore;
  let tag = 0;
  const customerId = parseCustomerId('random') as CustomerId;
  before(async () => {
    place = await engineInFolder();
    store = duckdbTableStore(place.engine, place.storeSettings);
    await store.begin({
      customerId,
      tableId: TABLE_ID,
      tag: 1,
      columns: COLUMNS,
      file: parsedFile(COLUMNS),
      timeColumn: 't',
      create: true,
    });
  });
  after(() => place.close());

  /** Appends rows under a new tag. @returns the earlier tags, whose rows are to be excluded */
  async function append(rows: readonly Row[]): Promise<readonly number[]> {
    const hidden = Array.from({ length: tag }, (_, index) => index + 1);
    tag++;
    const text = rows
      .map((row) => `${COLUMNS.map(({ name, type }) => cell(row[name] ?? null, type)).join(',')}\n`)
      .join('');
    const session = await store.begin({
      customerId,
      tableId: TABLE_ID,
      tag,
      columns: COLUMNS,
      file: parsedFile(COLUMNS),
      timeColumn: 't',
      create: false,
    });
    const names = COLUMNS.map(({ name }) => name);
    if (rows.length > 0) await session.append(place.source(names, text));
    return hidden;
  }

  async function agree(plan: QueryPlan, rows: readonly Row[], uncommittedTags: readonly number[]): Promise<void> {
    const { signal } = new AbortController();
    const view = {
      customerId,
      tableId: TABLE_ID,
      columns: COLUMNS,
      uncommittedTags,
      lastTag: tag,
      ...countedRows(rows),
    };
    const outcome = await store.query(view, plan, { ...LIMITS, signal });
    if (outcome.kind === 'out_of_range') {
      // Infinite and very large numbers have no standard deviation.
      assert.ok(plan.measures.some(({ fn }) => fn === 'stddev'));
      assert.ok(rows.some(({ x }) => typeof x === 'number' && !(Math.abs(x) < 1e150)));
      return;
    }
    assert.ok(outcome.kind === 'rows', outcome.kind);
    assertSameResults('DuckDB', outcome.rows, evaluate(plan, rows));
  }

  it('have the same results as plain loops', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(randomRows, { maxLength: 40 }),
        fc.array(queries, { minLength: 8, maxLength: 8 }),
        async (rows, requests) => {
          const hidden = await append(rows);
          for (const each of requests)
            await agree(planQuery(new RequestPart(each, '/query'), TABLE, 1000), rows, hidden);
        },
      ),
      { numRuns: RUNS, includeErrorInReport: true, interruptAfterTimeLimit: 60_000 },
    );
  });
});

function cell(value: StoredValue, type: string): string {
  if (value === null) return '';
  if (type === 'date') return formatDate(value as bigint);
  if (type === 'timestamp') return formatTimestamp(value as bigint);
  return typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : String(value);
}
