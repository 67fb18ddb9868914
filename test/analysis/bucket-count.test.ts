import assert from 'node:assert/strict';
import { it } from 'node:test';
import { COMPUTED_ANSWERS } from '../../src/analysis/computed-answers.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import type { TableState } from '../../src/catalog/table-state.ts';
import { parseTimestamp } from '../../src/model/parse-times.ts';
import { NOTHING_SETTLED } from '../../src/model/value-format.ts';
import { TABLE_ID } from '../builders.ts';

/** Ten million rows over ten million seconds. */
const TABLE: TableState = {
  tableId: TABLE_ID,
  columns: [
    { name: 'at', type: 'timestamp', settled: NOTHING_SETTLED },
    { name: 'other', type: 'timestamp', settled: NOTHING_SETTLED },
    { name: 'n', type: 'integer', settled: NOTHING_SETTLED },
  ],
  timeColumn: 'at',
  rows: 10_000_000,
  version: 1,
  firstRowAt: 0n,
  earliestAt: parseTimestamp('2024-01-01'),
  latestAt: parseTimestamp('2024-04-25T17:46:39'),
};
const plan = (query: unknown, table = TABLE) => planQuery(new RequestPart(query, '/query'), table, 1000);
const seconds = { group_by: ['n', { column: 'at', bucket: 'second' }] };

it('refuses a bucket that would create ten million groups, with a pointer to it and the shortest allowed bucket', () => {
  assert.throws(() => plan(seconds), {
    code: 'too_many_groups',
    message:
      /"second" would create about 10000000 groups, more than the maximum of 1000000\. Use "15 seconds" or longer/,
    extra: { pointer: '/query/group_by/1/bucket', nearest: '15 seconds' },
  });
  assert.ok(plan({ group_by: [{ column: 'at', bucket: '15 seconds' }] }));
  const rowsOverTime = (bucket: string) =>
    COMPUTED_ANSWERS.rows_over_time(new RequestPart({ customer_id: 1, analyze_type: 10004, bucket }, ''), TABLE);
  assert.throws(() => rowsOverTime('5 seconds'), {
    code: 'too_many_groups',
    extra: { pointer: '/bucket', nearest: '15 seconds' },
  });
  assert.ok(rowsOverTime('minute'));
});

it('refuses a width that would create ten million groups if conditions say so', () => {
  const where = { column: 'n', op: 'between', value: [0, 10_000_000] };
  assert.throws(() => plan({ group_by: [{ column: 'n', bucket: 1 }], where }), {
    code: 'too_many_groups',
    extra: { pointer: '/query/group_by/0/bucket', nearest: 10 },
  });
  assert.ok(plan({ group_by: [{ column: 'n', bucket: 10 }], where }));
  assert.ok(plan({ group_by: [{ column: 'n', bucket: 1 }] }));
});

it('allows any bucket if a condition narrows the time range, or the table has fewer rows than the maximum of groups', () => {
  const at = (op: string, value: unknown) => ({ column: 'at', op, value });
  const narrow = [
    at('between', ['2024-02-01', '2024-02-02']),
    { and: [at('>=', '2024-02-01'), { and: [at('<', '2024-02-02'), { column: 'n', op: '>', value: 0 }] }] },
    at('=', '2024-02-01'),
    at('>', '2024-04-25'),
    at('<', '2023-01-01'),
  ];
  for (const where of narrow) assert.ok(plan({ ...seconds, where }), JSON.stringify(where));
  const wide = [
    { or: [at('<', '2024-01-02'), at('>', '2024-04-01')] },
    { not: at('>', '2024-01-02') },
    at('!=', '2024-02-01'),
    { column: 'other', op: '=', value: '2024-02-01' },
  ];
  for (const where of wide) {
    assert.throws(() => plan({ ...seconds, where }), { code: 'too_many_groups' }, JSON.stringify(where));
  }
  assert.ok(plan(seconds, { ...TABLE, rows: 1_000_000 }));
  // The time range of another column is unknown unless it follows from a condition.
  assert.ok(plan({ group_by: [{ column: 'other', bucket: 'second' }] }));
  const where = { column: 'other', op: 'between', value: ['2024-01-01', '2024-12-31'] };
  assert.throws(() => plan({ group_by: [{ column: 'other', bucket: 'second' }], where }), { code: 'too_many_groups' });
});
