import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { call, type RunningThena, sharedFile, startThena, upload } from '../server.ts';
import { NO_REAL_FILES, type RealColumn, realFile } from './real-files.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ZONES = ['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Pacific/Chatham'];
/** The beginning of the bucket that a time of the clock falls into; the clock is told as if it were UTC. */
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

/** Tells how far the clock of a zone is ahead of UTC at a moment, as the calendar of the language has it. */
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
  const told = new Map<number, number>();
  const tell = (at: number): number => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
    const { year = 0, month = 1, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  };
  return (at) => {
    const ahead = told.get(at) ?? tell(at);
    told.set(at, ahead);
    return ahead;
  };
}

interface Time {
  readonly at: number;
  readonly offset: number;
}

/** How many times are in each bucket, in order, each told by its beginning with the offset of the zone. */
function counted(
  times: readonly Time[],
  bucket: string,
  zone: string,
  ahead: (at: number) => number,
): (readonly [string, number])[] {
  const begin = BUCKETS[bucket] as (wall: number) => number;
  const counts = new Map<number, number>();
  const begun = new Map<number, number>();
  for (const { at, offset } of times) {
    const wall = begin(at + offset);
    // An hour that the clock shows twice is two; longer stretches begin when the clock shows it first.
    const first = isShort(bucket) ? wall - offset : (begun.get(wall) ?? firstMoment(wall, ahead));
    begun.set(wall, first);
    counts.set(first, (counts.get(first) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b).map(([at, rows]) => [textOf(at, ahead(at), zone), rows]);
}

/** When a clock shows a time first; where it skips it, when it is set on. */
function firstMoment(wall: number, ahead: (at: number) => number): number {
  const moments = [ahead(wall - 26 * HOUR), ahead(wall + 26 * HOUR)].map((offset) => wall - offset);
  const showing = moments.filter((at) => at + ahead(at) === wall);
  return showing.length > 0 ? Math.min(...showing) : Math.max(...moments);
}

function textOf(at: number, offset: number, zone: string): string {
  const minutes = Math.abs(offset) / MINUTE;
  const clock = [Math.floor(minutes / 60), minutes % 60].map((each) => String(each).padStart(2, '0')).join(':');
  const text = new Date(at + offset).toISOString().slice(0, 19);
  return zone === 'UTC' ? `${text}Z` : `${text}${offset < 0 ? '-' : '+'}${clock}`;
}

describe('buckets of a real file are those of plain loops', { skip: NO_REAL_FILES }, () => {
  const files = ['nyc_taxi', 'machine_temperature', 'seattle-weather-hourly-normals'];
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
    for (const name of [...files, 'stocks']) await upload(thena.url, name, sharedFile(`${name}.csv`).bytes);
  });
  after(() => thena.close());
  const ask = async (json: object) => {
    const { status, body } = await call(`${thena.url}/api/v1/analyze/`, { json });
    assert.equal(status, 200, JSON.stringify(body));
    return body.result;
  };

  for (const name of files) {
    // The longest file has no change of a clock.
    for (const time_zone of name === 'machine_temperature' ? ZONES.slice(4) : ZONES) {
      it(`${name}: every bucket by the clock of ${time_zone}`, async () => {
        const column = realFile(name).columns.find(({ type }) => type === 'timestamp') as RealColumn;
        const ahead = clockOf(time_zone);
        const times = (column.cells as number[]).map((at) => ({ at, offset: ahead(at) }));
        // Rows of the other files are minutes and hours apart: shorter buckets would say the same once more.
        const shorter = { nyc_taxi: /^$/, machine_temperature: /second/ }[name] ?? /second|minute/;
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

  it('stocks: every bucket of days', async () => {
    const days = (realFile('stocks').column('date').cells as number[]).map((at) => ({ at, offset: 0 }));
    for (const bucket of ['day', 'week', 'month', 'quarter', 'year']) {
      const expected = counted(days, bucket, 'UTC', () => 0).map(([text, rows]) => [text.slice(0, 10), rows]);
      const result = await ask({
        customer_id: 'stocks',
        query: { measures: [{ fn: 'count' }], group_by: [{ column: 'date', bucket }] },
      });
      assert.deepEqual(result.rows, expected, bucket);
      assert.equal(result.columns[0].type, 'date');
    }
    const { status, body } = await call(`${thena.url}/api/v1/analyze/`, {
      json: { customer_id: 'stocks', analyze_type: 10004, time_zone: 'Europe/Berlin' },
    });
    assert.deepEqual([status, body.code, body.pointer], [422, 'query_invalid', '/time_zone']);
  });
});
