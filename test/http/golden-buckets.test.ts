import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DataColumn, dataFiles } from '../fixtures/data-files.ts';
import { call, type RunningThena, startThena, upload } from '../server.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Clocks change at the full quarter of an hour in UTC, in all years and zones of these tests. */
const QUARTER = 15 * MINUTE;
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham'];
/** The start of the bucket of a local time; local times are written as if they were UTC. */
const BUCKETS: Readonly<Record<string, (wall: number) => number>> = {
  ...Object.fromEntries(
    [1, 5, 10, 15, 30].flatMap((count) => [
      [count === 1 ? 'second' : `${count} seconds`, (wall: number) => wall - (wall % (count * 1000))],
      [count === 1 ? 'minute' : `${count} minutes`, (wall: number) => wall - (wall % (count * MINUTE))],
    ]),
  ),
  ...Object.fromEntries(
    [1, 2, 3, 4, 6, 8, 12].map((count) => [
      count === 1 ? 'hour' : `${count} hours`,
      (wall: number) => wall - (wall % (count * HOUR)),
    ]),
  ),
  day: (wall) => wall - (wall % (24 * HOUR)),
  week: (wall) => {
    const day = wall - (wall % (24 * HOUR));
    return day - ((new Date(day).getUTCDay() + 6) % 7) * 24 * HOUR;
  },
  month: (wall) => Date.UTC(new Date(wall).getUTCFullYear(), new Date(wall).getUTCMonth()),
  quarter: (wall) => Date.UTC(new Date(wall).getUTCFullYear(), Math.floor(new Date(wall).getUTCMonth() / 3) * 3),
  year: (wall) => Date.UTC(new Date(wall).getUTCFullYear(), 0),
};
const isShort = (bucket: string) => /second|minute|^hour$/.test(bucket);

/** Returns how many milliseconds local time is ahead of UTC at a moment, by Intl. */
function clockOf(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat('en-u-hc-h23', {
    timeZone,
    ...({
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    } as const),
  });
  const known = new Map<number, number>();
  const find = (at: number): number => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  };
  return (at) => {
    const quarter = at - (at % QUARTER);
    const ahead = known.get(quarter) ?? find(quarter);
    known.set(quarter, ahead);
    return ahead;
  };
}

interface Time {
  readonly at: number;
  readonly offset: number;
}

/** The number of times in each bucket, in order; a bucket is named by its start with the UTC offset of the zone. */
function counted(
  times: readonly Time[],
  bucket: string,
  zone: string,
  ahead: (at: number) => number,
): (readonly [string, number])[] {
  const startOf = BUCKETS[bucket] as (wall: number) => number;
  const counts = new Map<number, number>();
  const starts = new Map<number, number>();
  for (const { at, offset } of times) {
    const wall = startOf(at + offset);
    // An hour that occurs twice, when clocks are set back, is two buckets; a longer bucket starts at the first occurrence.
    const first = isShort(bucket) ? wall - offset : (starts.get(wall) ?? firstMoment(wall, ahead));
    starts.set(wall, first);
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([at, rows]) => [textOf(at, ahead(at), zone), rows]);
}

/** The first moment with this local time; if clocks skip it, the moment they are set forward. */
function firstMoment(wall: number, ahead: (at: number) => number): number {
  const moments = [ahead(wall - 26 * HOUR), ahead(wall + 26 * HOUR)].map((offset) => wall - offset);
  const showing = moments.filter((at) => at + ahead(at) === wall);
  if (showing.length > 0) return Math.min(...showing);
  let [before, after] = [Math.min(...moments), Math.max(...moments)];
  while (before < after) {
    const middle = Math.floor((before + after) / 2);
    if (middle + ahead(middle) < wall) before = middle + 1;
    else after = middle;
  }
  return after;
}

function textOf(at: number, offset: number, zone: string): string {
  const minutes = Math.abs(offset) / MINUTE;
  const clock = [Math.floor(minutes / 60), minutes % 60].map((each) => String(each).padStart(2, '0')).join(':');
  const text = new Date(at + offset).toISOString().slice(0, 19);
  return zone === 'UTC' ? `${text}Z` : `${text}${offset < 0 ? '-' : '+'}${clock}`;
}

describe('time buckets match those counted by plain loops', () => {
  const [files, pricesFiles] = [dataFiles('rides', 'sensor', 'weather'), dataFiles('prices')];
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
    for (const { name, bytes } of [...files, ...pricesFiles]) await upload(thena.url, name, bytes);
  });
  after(() => thena.close());
  const ask = async (json: object) => {
    const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json });
    assert.equal(status, 200, JSON.stringify(body));
    return body.result;
  };

  for (const { name, shape, columns } of files) {
    // The sensor's file is the longest, and most of its time is free of clock changes.
    for (const time_zone of shape === 'sensor' ? ZONES.slice(4) : ZONES) {
      it(`${name}: every bucket in ${time_zone}`, async () => {
        const column = columns.find(({ type }) => type === 'timestamp') as DataColumn;
        const ahead = clockOf(time_zone);
        const times = (column.cells as number[]).map((at) => ({ at, offset: ahead(at) }));
        // Rows of these files are minutes or an hour apart: shorter buckets would repeat the same test.
        const shorter = shape === 'rides' ? /^$/ : shape === 'sensor' ? /second/ : /second|minute/;
        for (const bucket of Object.keys(BUCKETS).filter((each) => !shorter.test(each))) {
          const expected = counted(times, bucket, time_zone, ahead);
          const group = { column: column.name, bucket, time_zone };
          const result = await ask({ customer_id: name, query: { measures: [{ fn: 'count' }], group_by: [group] } });
          assert.deepEqual(result.rows, expected, bucket);
          const { rows } = await ask({ customer_id: name, analyze_type: 10004, bucket, time_zone });
          assert.deepEqual(rows, expected, bucket);
        }
      });
    }
  }

  for (const file of pricesFiles) {
    it(`${file.name}: every bucket of days`, async () => {
      const days = (file.column('date').cells as number[]).map((at) => ({ at, offset: 0 }));
      for (const bucket of ['day', 'week', 'month', 'quarter', 'year']) {
        const expected = counted(days, bucket, 'UTC', () => 0).map(([text, rows]) => [text.slice(0, 10), rows]);
        const result = await ask({
          customer_id: file.name,
          query: { measures: [{ fn: 'count' }], group_by: [{ column: 'date', bucket }] },
        });
        assert.deepEqual(result.rows, expected, bucket);
        assert.equal(result.columns[0].type, 'date');
      }
      const { status, body } = await call(`${thena.url}/api/v1/analyze/`, {
        json: { customer_id: file.name, analyze_type: 10004, time_zone: 'Europe/Berlin' },
      });
      assert.deepEqual([status, body.code, body.pointer], [422, 'query_invalid', '/time_zone']);
    });
  }
});
