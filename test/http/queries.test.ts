import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { analyze, call, type Reply, type RunningThena, sharedFile, startThena, upload } from '../server.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  for (const name of ['nyc_taxi', 'stocks', 'flights-airport', 'machine_temperature']) {
    const { body } = await upload(thena.url, name, sharedFile(`${name}.csv`).bytes);
    assert.equal(body.status, 'complete', name);
  }
});
after(() => thena.close());

const ask = (customer: string, query: unknown): Promise<Reply> =>
  call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query } });

async function rowsOf(customer: string, query: unknown): Promise<(string | number | null)[][]> {
  const { status, body } = await ask(customer, query);
  assert.equal(status, 200, JSON.stringify(body));
  return body.result.rows;
}

/** The records of a file that has no quotes, without its header. */
function recordsOf(name: string): string[][] {
  const [, ...lines] = sharedFile(`${name}.csv`).bytes.toString().trim().split(/\r?\n/);
  return lines.map((line) => line.split(','));
}

function grouped<T>(records: readonly T[], keyOf: (record: T) => string): Map<string, T[]> {
  return Map.groupBy(records, keyOf) as Map<string, T[]>;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const near = (actual: unknown, expected: number): void =>
  assert.ok(Math.abs((actual as number) - expected) <= 1e-9 * Math.abs(expected), `${actual} is not ${expected}`);

describe('a query of a real file', () => {
  it('groups rides by the days of a time zone, and measures each', async () => {
    const rides = recordsOf('nyc_taxi').map(([at = '', value = '']) => ({
      at: Date.parse(`${at}Z`),
      value: Number(value),
    }));
    const dayOf = new Intl.DateTimeFormat('sv', { timeZone: 'America/New_York', dateStyle: 'short' });
    const days = [...grouped(rides, ({ at }) => dayOf.format(at))].sort(([a], [b]) => (a < b ? -1 : 1));
    const { body } = await ask('nyc_taxi', {
      measures: [
        { fn: 'count' },
        { fn: 'sum', column: 'value' },
        { fn: 'avg', column: 'value' },
        { fn: 'first', column: 'value' },
        { fn: 'last', column: 'value' },
      ],
      group_by: [{ column: 'timestamp', bucket: 'day', time_zone: 'America/New_York', as: 'day' }],
    });
    assert.deepEqual(body.result.columns, [
      { name: 'day', type: 'timestamp' },
      { name: 'count', type: 'integer' },
      { name: 'sum_value', type: 'integer' },
      { name: 'avg_value', type: 'number' },
      { name: 'first_value', type: 'integer' },
      { name: 'last_value', type: 'integer' },
    ]);
    assert.deepEqual([body.analyze_type, body.name, body.table.rows], [null, 'query', rides.length]);
    assert.equal(body.result.rows.length, days.length);
    for (const [index, [day, own]] of days.entries()) {
      const [at, count, total, mean, first, last] = body.result.rows[index];
      const values = own.map(({ value }) => value);
      assert.match(at, new RegExp(`^${day}T00:00:00-0[45]:00$`));
      assert.deepEqual([count, total, first, last], [own.length, sum(values), values[0], values.at(-1)]);
      near(mean, sum(values) / values.length);
    }
  });

  it('answers medians, quantiles and deviations', async () => {
    const [row = []] = await rowsOf('machine_temperature', {
      measures: [
        { fn: 'median', column: 'value' },
        { fn: 'quantile', column: 'value', q: 0.9 },
        { fn: 'stddev', column: 'value' },
        { fn: 'min', column: 'value' },
        { fn: 'max', column: 'timestamp' },
      ],
    });
    const values = recordsOf('machine_temperature')
      .map(([, value]) => Number(value))
      .sort((a, b) => a - b);
    const at = (q: number): number => {
      const place = (values.length - 1) * q;
      const [below = 0, above = 0] = [values[Math.floor(place)], values[Math.ceil(place)]];
      return below + (above - below) * (place - Math.floor(place));
    };
    const mean = sum(values) / values.length;
    near(row[0], at(0.5));
    near(row[1], at(0.9));
    near(row[2], Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1)));
    assert.deepEqual(row.slice(3), [values[0], '2014-02-19T15:25:00Z']);
  });

  it('chooses rows and groups, and orders and cuts the result', async () => {
    const prices = recordsOf('stocks').map(([symbol = '', date = '', price = '']) => ({
      symbol,
      year: Number(date.split(' ')[2]),
      price: Number(price),
    }));
    const chosen = prices.filter(
      ({ symbol, year, price }) =>
        (symbol.startsWith('A') || symbol === 'IBM') && year >= 2005 && year <= 2008 && price >= 50,
    );
    const expected = [...grouped(chosen, ({ symbol, year }) => `${symbol} ${year}`)]
      .map(
        ([, own]) =>
          [
            own[0]?.symbol ?? '',
            `${own[0]?.year}-01-01`,
            own.length,
            Math.max(...own.map(({ price }) => price)),
          ] as const,
      )
      .filter(([, , count]) => count > 3)
      .sort((a, b) => b[3] - a[3])
      .slice(0, 5);
    const rows = await rowsOf('stocks', {
      measures: [
        { fn: 'count', as: 'months' },
        { fn: 'max', column: 'price', as: 'highest' },
      ],
      group_by: ['symbol', { column: 'date', bucket: 'year', as: 'year' }],
      where: {
        and: [
          {
            or: [
              { column: 'symbol', op: 'like', value: 'A%' },
              { column: 'symbol', op: 'in', value: ['IBM'] },
            ],
          },
          { column: 'date', op: 'between', value: ['2005-01-01', '2008-12-31'] },
          { not: { column: 'price', op: '<', value: 50 } },
        ],
      },
      having: { column: 'months', op: '>', value: 3 },
      order_by: [{ column: 'highest', direction: 'desc' }],
      limit: 5,
    });
    assert.ok(expected.length === 5);
    assert.deepEqual(rows, expected);
  });

  it('profiles, counts over time and tells top values by number and by name', async () => {
    const flights = recordsOf('flights-airport');
    const origins = [...grouped(flights, ([origin = '']) => origin)].map(
      ([origin, own]) => [origin, own.length] as const,
    );
    origins.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const top = await call(`${thena.url}/api/v1/analyze/`, {
      json: { customer_id: 'flights-airport', analyze_type: 10005, column: 'origin', limit: 3 },
    });
    assert.deepEqual(top.body.result.rows, origins.slice(0, 3));
    const { body: profile } = await analyze(thena.url, 'flights-airport', 'profile');
    const [origin, , count] = profile.result.columns;
    assert.deepEqual([profile.analyze_type, profile.result.total_rows], [10003, flights.length]);
    assert.deepEqual(
      [origin.nulls, origin.distinct, origin.min, origin.mean, origin.quartiles],
      [0, origins.length, origins.map(([name]) => name).sort()[0], null, null],
    );
    near(count.mean, sum(flights.map(([, , flown]) => Number(flown))) / flights.length);
    assert.equal(count.max, Math.max(...flights.map(([, , flown]) => Number(flown))));
    const { body: time } = await analyze(thena.url, 'nyc_taxi', 10004);
    assert.deepEqual(
      [time.name, time.result.bucket, time.result.time_column, time.result.time_zone],
      ['rows_over_time', '12 hours', 'timestamp', 'UTC'],
    );
    assert.equal(time.result.rows.length, 430);
    assert.equal(sum(time.result.rows.map(([, rows]: [string, number]) => rows)), 10_320);
    const months = await call(`${thena.url}/api/v1/analyze/`, {
      json: { customer_id: 'nyc_taxi', analyze_type: 10004, bucket: 'month' },
    });
    assert.deepEqual(months.body.result.rows[0], ['2014-07-01T00:00:00Z', 31 * 48]);
    const without = await analyze(thena.url, 'flights-airport', 10004);
    assert.deepEqual([without.status, without.body.code], [422, 'no_time_column']);
  });
});

describe('numbers, times and texts', () => {
  it('have one exact form: past 2^53 digits, and never a sum that overflows', async () => {
    const most = 2n ** 63n - 1n;
    await upload(
      thena.url,
      'exact',
      `n,x,s\n${most},1e308,\uFEFFa\n${most},1e308,${'\uFEFF'.repeat(2)}longer than twelve bytes\n9007199254740991,,"=1"\n`,
    );
    const [row] = await rowsOf('exact', {
      measures: [
        { fn: 'sum', column: 'n' },
        { fn: 'max', column: 'n' },
        { fn: 'min', column: 'n' },
        { fn: 'sum', column: 'x' },
        { fn: 'count', column: 'x' },
      ],
    });
    assert.deepEqual(row, [
      (most * 2n + 9_007_199_254_740_991n).toString(),
      most.toString(),
      9_007_199_254_740_991,
      'Infinity',
      2,
    ]);
    const texts = await rowsOf('exact', { group_by: ['s'] });
    assert.deepEqual(texts.flat().sort(), ['=1', '\uFEFFa', `${'\uFEFF'.repeat(2)}longer than twelve bytes`].sort());
    const exactly = await rowsOf('exact', {
      measures: [{ fn: 'count' }],
      where: { column: 'n', op: '=', value: most.toString() },
    });
    assert.deepEqual(exactly, [[2]]);
    const past = await rowsOf('exact', {
      measures: [{ fn: 'count' }],
      where: { column: 'n', op: '<', value: '9'.repeat(30) },
    });
    assert.deepEqual(past, [[3]]);
    const deviation = await ask('exact', { measures: [{ fn: 'stddev', column: 'x' }] });
    assert.ok(
      deviation.status === 200 || deviation.body.code === 'result_out_of_range',
      JSON.stringify(deviation.body),
    );
  });

  it('are those of committed uploads only, at once after an append and after an undo', async () => {
    const query = { measures: [{ fn: 'sum', column: 'n' }, { fn: 'count' }] };
    await upload(thena.url, 'undone', 'n\n1\n2\n');
    assert.deepEqual(await rowsOf('undone', query), [[3, 2]]);
    const { body: second } = await upload(thena.url, 'undone', 'n\n10\n');
    assert.deepEqual(await rowsOf('undone', query), [[13, 3]]);
    await upload(thena.url, 'undone', 'n\nno number\n');
    assert.deepEqual(await rowsOf('undone', query), [[13, 3]]);
    await call(`${thena.url}/api/v1/uploads/${second.id}`, { method: 'DELETE' });
    assert.deepEqual(await rowsOf('undone', query), [[3, 2]]);
    await call(`${thena.url}/api/v1/customers/undone`, { method: 'DELETE' });
    await upload(thena.url, 'undone', 'n\n7\n');
    assert.deepEqual(await rowsOf('undone', query), [[7, 1]]);
  });
});
