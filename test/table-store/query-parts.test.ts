import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Measure, QueryPlan } from '../../src/table-store/query-plan.ts';
import { answerInParts } from '../../src/table-store/sql/query-parts.ts';
import type { QueryOutcome } from '../../src/table-store/table-store.ts';

const FUNCTIONS = ['count', 'min', 'max'] as const;

/** Three measures of each column. */
function planOf(columns: number): QueryPlan {
  const measures = Array.from({ length: columns }, (_, index) =>
    FUNCTIONS.map(
      (fn): Measure => ({
        fn,
        column: { name: `c${index}`, type: 'integer' },
        q: null,
        by: null,
        as: `${fn}${index}`,
        type: 'integer',
      }),
    ),
  ).flat();
  return { groupBy: [], measures, where: null, having: null, orderBy: [], limit: null };
}

const OPTIONS = { maxMeasures: 20, rowBytes: (row: readonly unknown[]) => 8 * row.length };
const LIMITS = { maxRows: 1, maxBytes: 1000, deadlineMs: 60_000, signal: new AbortController().signal };
/** Answers each measure by its name. */
const named = ({ measures }: QueryPlan): QueryOutcome => ({ kind: 'rows', rows: [measures.map(({ as }) => as)] });

describe('a query of many measures', () => {
  it('is answered in parts, none of which divides the measures of a column', async () => {
    const plan = planOf(30);
    const parts: QueryPlan[] = [];
    const outcome = await answerInParts(plan, LIMITS, OPTIONS, async (part) => {
      parts.push(part);
      return named(part);
    });
    assert.deepEqual(outcome, named(plan));
    assert.ok(parts.length > 1);
    for (const { measures } of parts) {
      assert.ok(measures.length <= OPTIONS.maxMeasures);
      assert.equal(measures.length % FUNCTIONS.length, 0);
      assert.equal(measures[0]?.fn, 'count');
    }
  });

  it('reports the errors of all parts, each with its measure', async () => {
    const plan = planOf(12);
    let parts = 0;
    const outcome = await answerInParts(plan, LIMITS, OPTIONS, async (part) => {
      const errors = parts++ === 1 ? part.measures.map(({ fn }) => (fn === 'max' ? 0.1 : null)) : undefined;
      return { kind: 'rows', rows: [part.measures.map(() => 1)], ...(errors && { errors }) };
    });
    assert(outcome.kind === 'rows');
    assert.equal(outcome.errors?.length, plan.measures.length);
    const first = outcome.errors.findIndex((error) => error !== null);
    assert.equal(plan.measures[first]?.fn, 'max');
    assert.ok(first > 3);
  });

  it('stays one query if it has groups, an order or a limit', async () => {
    const plan = planOf(30);
    const key = { column: { name: 'k', type: 'text' }, bucket: null, as: 'k' } as const;
    for (const whole of [
      { ...plan, groupBy: [key] },
      { ...plan, limit: 5 },
    ]) {
      let calls = 0;
      await answerInParts(whole, LIMITS, OPTIONS, async (part) => {
        calls++;
        return named(part);
      });
      assert.equal(calls, 1);
    }
  });

  it('ends with the first part that fails, and leaves each part the bytes that are left', async () => {
    const left: number[] = [];
    const outcome = await answerInParts(planOf(30), LIMITS, OPTIONS, async (part, { maxBytes }) => {
      left.push(maxBytes);
      return left.length === 3 ? { kind: 'timed_out' } : named(part);
    });
    assert.deepEqual(outcome, { kind: 'timed_out' });
    assert.equal(left.length, 3);
    assert.ok(left[0] === LIMITS.maxBytes && left[1] === left[0] - 8 * 15 && left[2] === left[1] - 8 * 15, `${left}`);
  });

  it('reports progress that never goes back', async () => {
    const shares: number[] = [];
    await answerInParts(
      planOf(30),
      { ...LIMITS, onProgress: (share) => shares.push(share) },
      OPTIONS,
      async (part, { onProgress }) => {
        onProgress?.(0.5);
        onProgress?.(1);
        return named(part);
      },
    );
    assert.deepEqual(
      shares,
      shares.toSorted((a, b) => a - b),
    );
    assert.equal(shares.at(-1), 1);
  });
});
