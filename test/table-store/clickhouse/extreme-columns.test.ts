import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ExtremeColumns } from '../../../src/table-store/clickhouse/extreme-columns.ts';
import { tableOf } from '../../builders.ts';

it('remembers columns with extreme numbers, of a bounded number of tables', () => {
  const extremes = new ExtremeColumns();
  const [first, second] = [tableOf('first'), tableOf('second')];
  assert.deepEqual(extremes.of(first), new Set());
  extremes.add(first, ['x']);
  assert.deepEqual(extremes.add(first, ['y']), new Set(['x', 'y']));
  assert.deepEqual(extremes.of(second), new Set());
  extremes.add(second, ['z']);
  for (let index = 0; index < 999; index++) {
    extremes.of(first);
    extremes.add(tableOf(`other-${index}`), ['x']);
  }
  assert.deepEqual(extremes.of(first), new Set(['x', 'y']), 'used all the time');
  assert.deepEqual(extremes.of(second), new Set(), 'the oldest one');
});
