import assert from 'node:assert/strict';
import { it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { zonedSql } from '../../src/table-store/duckdb/zoned-sql.ts';
import { type Random, randomOf } from '../random.ts';

const SECOND = 1_000_000n;
const DAY = 86_400n * SECOND;
const ZONES = Intl.supportedValuesOf('timeZone');
/** Zones with changes that are rare elsewhere: a skipped day, half an hour, changes in Ramadan, twice a year at midnight. */
const ODD_ZONES = [
  'Pacific/Apia',
  'Australia/Lord_Howe',
  'Africa/Casablanca',
  'America/Havana',
  'Africa/Cairo',
  'America/Toronto',
];

/** Times of a range, a third of them within hours of a change of the clocks. */
function timesIn(zone: string, from: bigint, days: number, random: Random): bigint[] {
  const changes: bigint[] = [];
  let at = new Temporal.ZonedDateTime(from * 1000n, zone).getTimeZoneTransition('next');
  for (; at && at.epochNanoseconds < (from + BigInt(days) * DAY) * 1000n && changes.length < 100; ) {
    changes.push(at.epochNanoseconds / 1000n);
    at = at.getTimeZoneTransition('next');
  }
  return Array.from({ length: 90 }, (_, index) => {
    if (index % 3 > 0 || changes.length === 0)
      return from + BigInt(random.integer(days * 86_400)) * SECOND + BigInt(random.integer(1e6));
    return random.pick(changes) + BigInt(random.integer(4 * 3600) - 7200) * SECOND - BigInt(random.integer(2));
  });
}

const wallOf = (micros: bigint, zone: string): bigint => {
  const { offsetNanoseconds } = new Temporal.ZonedDateTime(micros * 1000n, zone);
  return micros + BigInt(offsetNanoseconds) / 1000n;
};

/** The first moment at which clocks show a local time, or jump over it, by looking at the days around it. */
function firstMoment(wall: bigint, zone: string): bigint {
  const start = new Temporal.ZonedDateTime((wall - 2n * DAY) * 1000n, zone);
  const periods = [{ from: wall - 2n * DAY, ahead: BigInt(start.offsetNanoseconds) / 1000n }];
  for (let at = start.getTimeZoneTransition('next'); at; at = at.getTimeZoneTransition('next')) {
    if (at.epochNanoseconds / 1000n > wall + 2n * DAY) break;
    periods.push({ from: at.epochNanoseconds / 1000n, ahead: BigInt(at.offsetNanoseconds) / 1000n });
  }
  const moments = periods.flatMap(({ from, ahead }, index) => {
    const until = periods[index + 1]?.from ?? wall + 3n * DAY;
    const moment = wall - ahead > from ? wall - ahead : from;
    return moment < until ? [moment] : [];
  });
  return moments[0] as bigint;
}

it('computes local times and their first moments as the calendar does, in any zone', async () => {
  const seed = Number(process.env.SEED ?? 11);
  const random = randomOf(seed);
  const instance = await DuckDBInstance.create();
  const connection = await instance.connect();
  try {
    for (let round = 0; round < 150; round++) {
      const zone = round % 4 === 0 ? random.pick(ODD_ZONES) : random.pick(ZONES);
      const days = 1 + random.integer(round % 3 === 0 ? 20_000 : 800);
      const from = BigInt(random.integer(60_000) - 25_000) * DAY;
      const times = timesIn(zone, from, days, random);
      const [least, greatest] = [times, times].map((all, end) =>
        all.reduce((a, b) => (end === 0 ? (b < a ? b : a) : b > a ? b : a)),
      );
      const zoned = zonedSql(zone, { least: least as bigint, greatest: greatest as bigint });
      const context = `seed ${seed}, round ${round}, ${zone}`;
      assert.ok(zoned, context);
      // Buckets of a day, of 8 hours and of a year start at such local times.
      const walls = times.flatMap((at) => [1n, 3n].map((parts) => floor(wallOf(at, zone), DAY / parts)));
      const select = (sql: string, values: readonly bigint[]) =>
        connection.runAndReadAll(
          `SELECT ${sql} FROM (SELECT i, make_timestamp(v) AS t FROM (VALUES ${values.map((value, index) => `(${index}, ${value}::BIGINT)`).join(', ')}) x(i, v)) ORDER BY i`,
        );
      const shown = (await select(`epoch_us(${zoned.wall('t')})`, times)).getRows();
      for (const [index, at] of times.entries()) {
        assert.equal(shown[index]?.[0], wallOf(at, zone), `${context}: ${at}`);
      }
      const firsts = (await select(zoned.moment('t'), walls)).getRows();
      for (const [index, wall] of walls.entries()) {
        assert.equal(firsts[index]?.[0], firstMoment(wall, zone), `${context}: wall ${wall}`);
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
});

it('leaves ranges with too many changes, and unknown ranges, to DuckDB', () => {
  const year = (number: number) => BigInt(Date.UTC(number, 0)) * 1000n;
  assert.equal(zonedSql('Europe/Berlin', { least: year(1000), greatest: year(9999) }), null);
  assert.ok(zonedSql('Europe/Berlin', { least: year(1000), greatest: year(2200) }));
  assert.equal(zonedSql('Europe/Berlin', { least: null, greatest: null }), null);
  assert.equal(zonedSql('Europe/Berlin', undefined), null);
});

function floor(value: bigint, size: bigint): bigint {
  return value - (((value % size) + size) % size);
}
