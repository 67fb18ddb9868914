import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chartsOf, type LineChart } from '../../ui/screens/analyses/charts/chart.ts';

const DAY = 86_400;

/** The width of the buckets in the chart of counts at some times. */
function widthOf(bucket: string, times: readonly string[]): number {
  const columns = [
    { name: 'at', type: 'timestamp', group: { column: 'at', bucket } },
    { name: 'count', type: 'integer' },
  ] as unknown as Parameters<typeof chartsOf>[0];
  const [chart] = chartsOf(
    columns,
    times.map((time) => [time, 1]),
  );
  return (chart as LineChart).width;
}

test('buckets are as wide as they are long, also if there are none in between', () => {
  assert.equal(widthOf('day', ['2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z']), DAY);
  assert.equal(widthOf('3 hours', ['2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z']), DAY / 8);
  assert.equal(widthOf('30 seconds', ['2024-01-01T00:00:00Z', '2024-01-01T00:01:00Z']), 30);
  assert.equal(widthOf('week', ['2024-01-01T00:00:00Z', '2024-02-05T00:00:00Z']), 7 * DAY);
});

test('months are as wide as the shortest of them', () => {
  assert.equal(widthOf('month', ['2024-01-01T00:00:00Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z']), 29 * DAY);
  assert.equal(widthOf('month', ['2024-01-01T00:00:00Z', '2024-06-01T00:00:00Z']), 31 * DAY);
});
