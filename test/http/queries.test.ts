import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type DataFile, dataFiles } from '../fixtures/data-files.ts';
import { analyze, call, type Reply, type RunningThena, resultRows, startThena, upload } from '../server.ts';
import { jsonOf } from './expected-cells.ts';

let thena: RunningThena;
before(async () => {
  thena = await startThena();
  for (const { name, bytes } of dataFiles('rides', 'sensor', 'routes', 'prices')) {
    const { body } = await upload(thena.url, name, bytes);
    assert.equal(body.status, 'complete', name);
  }
});
after(() => thena.close());

const ask = (customer: string, query: unknown): Promise<Reply> =>
  call(`${thena.url}/api/v1/analyze/`, { json: { customer_id: customer, query } });

const rowsOf = (customer: string, query: unknown) => resultRows(thena.url, customer, query);

/** The rows of a file, each with its cells by the name of their column. */
function recordsOf(file: DataFile): Record<string, string | number>[] {
  return Array.from({ length: file.rows }, (_, row) =>
    Object.fromEntries(file.columns.map(({ name, cells }) => [name, cells[row] ?? ''])),
  );
}

function grouped<T>(records: readonly T[], keyOf: (record: T) => string): Map<string, T[]> {
  return Map.groupBy(records, keyOf) as Map<string, T[]>;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const near = (actual: unknown, expected: number): void =>
  assert.ok(Math.abs((actual as number) - expected) <= 1e-9 * Math.abs(expected), `${actual} is not ${expected}`);

describe('a query', () => {
  for (const file of dataFiles('rides')) {
    it(`${file.name}: groups rows by the days of a time zone, and measures each`, async () => {
      const rides = recordsOf(file) as { timestamp: number; value: number }[];
      const dayOf = new Intl.DateTimeFormat('sv', { timeZone: 'America/New_York', dateStyle: 'short' });
      const days = [...grouped(rides, ({ timestamp }) => dayOf.format(timestamp))].sort(([a], [b]) => (a < b ? -1 : 1));
      const { body } = await ask(file.name, {
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

    it(`${file.name}: counts rows over time`, async () => {
      const times = file.column('timestamp').cells as readonly number[];
      const { body: time } = await analyze(thena.url, file.name, 10004);
      assert.deepEqual(
        [time.name, time.result.bucket, time.result.time_column, time.result.time_zone],
        ['rows_over_time', '12 hours', 'timestamp', 'UTC'],
      );
      assert.equal(time.result.rows.length, new Set(times.map((at) => Math.floor(at / 43_200_000))).size);
      assert.equal(sum(time.result.rows.map(([, rows]: [string, number]) => rows)), file.rows);
      const months = await call(`${thena.url}/api/v1/analyze/`, {
        json: { customer_id: file.name, analyze_type: 10004, bucket: 'month' },
      });
      const expected = grouped(times, (at) => jsonOf(at, 'date').toString().slice(0, 7));
      assert.deepEqual(
        months.body.result.rows,
        [...expected].map(([month, rows]) => [`${month}-01T00:00:00Z`, rows.length]),
      );
    });
  }

  for (const file of dataFiles('sensor')) {
    it(`${file.name}: answers medians, quantiles and standard deviations`, async () => {
      const [row = []] = await rowsOf(file.name, {
        measures: [
          { fn: 'median', column: 'value' },
          { fn: 'quantile', column: 'value', q: 0.9 },
          { fn: 'stddev', column: 'value' },
          { fn: 'min', column: 'value' },
          { fn: 'max', column: 'timestamp' },
        ],
      });
      const values = (file.column('value').cells as readonly number[]).toSorted((a, b) => a - b);
      const at = (q: number): number => {
        const position = (values.length - 1) * q;
        const [below = 0, above = 0] = [values[Math.floor(position)], values[Math.ceil(position)]];
        return below + (above - below) * (position - Math.floor(position));
      };
      const mean = sum(values) / values.length;
      near(row[0], at(0.5));
      near(row[1], at(0.9));
      near(row[2], Math.sqrt(sum(values.map((value) => (value - mean) ** 2)) / (values.length - 1)));
      const latest = (file.column('timestamp').cells as readonly number[]).reduce((a, b) => Math.max(a, b));
      assert.deepEqual(row.slice(3), [values[0], jsonOf(latest, 'timestamp')]);
    });
  }

  for (const file of dataFiles('prices')) {
    it(`${file.name}: filters rows and groups, orders the result and cuts it off`, async () => {
      const prices = (recordsOf(file) as { symbol: string; date: number; price: number }[]).map((record) => ({
        ...record,
        year: new Date(record.date).getUTCFullYear(),
      }));
      const symbols = [...new Set(prices.map(({ symbol }) => symbol))].sort();
      const [first = '', last = ''] = [symbols[0]?.[0], symbols.at(-1)];
      const chosen = prices.filter(
        ({ symbol, year, price }) =>
          (symbol.startsWith(first) || symbol === last) && year >= 2003 && year <= 2008 && price >= 25,
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
      const rows = await rowsOf(file.name, {
        measures: [
          { fn: 'count', as: 'months' },
          { fn: 'max', column: 'price', as: 'highest' },
        ],
        group_by: ['symbol', { column: 'date', bucket: 'year', as: 'year' }],
        where: {
          and: [
            {
              or: [
                { column: 'symbol', op: 'like', value: `${first}%` },
                { column: 'symbol', op: 'in', value: [last] },
              ],
            },
            { column: 'date', op: 'between', value: ['2003-01-01', '2008-12-31'] },
            { not: { column: 'price', op: '<', value: 25 } },
          ],
        },
        having: { column: 'months', op: '>', value: 3 },
        order_by: [{ column: 'highest', direction: 'desc' }],
        limit: 5,
      });
      assert.equal(expected.length, 5);
      assert.deepEqual(rows, expected);
    });
  }

  for (const file of dataFiles('routes')) {
    it(`${file.name}: profiles the table and finds top values, by number and by name`, async () => {
      const flights = recordsOf(file) as { origin: string; count: number }[];
      const origins = [...grouped(flights, ({ origin }) => origin)].map(
        ([origin, own]) => [origin, own.length] as const,
      );
      origins.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
      const top = await call(`${thena.url}/api/v1/analyze/`, {
        json: { customer_id: file.name, analyze_type: 10005, column: 'origin', limit: 3 },
      });
      assert.deepEqual(top.body.result.rows, origins.slice(0, 3));
      const { body: profile } = await analyze(thena.url, file.name, 'profile');
      const [origin, , count] = profile.result.columns;
      assert.deepEqual([profile.analyze_type, profile.result.total_rows], [10003, flights.length]);
      assert.deepEqual(
        [origin.nulls, origin.distinct, origin.distinct_error, origin.min, origin.mean, origin.quartiles],
        [0, origins.length, null, origins.map(([name]) => name).sort()[0], null, null],
      );
      near(count.mean, sum(flights.map((flight) => flight.count)) / flights.length);
      assert.equal(count.max, Math.max(...flights.map((flight) => flight.count)));
      const without = await analyze(thena.url, file.name, 10004);
      assert.deepEqual([without.status, without.body.code], [422, 'no_time_column']);
    });
  }
});

describe('values in answers', () => {
  it('have column names of up to 255 characters, whatever these take in UTF-16', async () => {
    const name = '\u{1f600}'.repeat(255);
    assert.equal((await upload(thena.url, 'emoji', `at,${name}\n2024-01-01,1\n`)).body.status, 'complete');
    const measures = [{ fn: 'sum', column: name, as: name }];
    assert.deepEqual(await resultRows(thena.url, 'emoji', { measures, order_by: [{ column: name }] }), [[1]]);
    const groups = { measures: [{ fn: 'count' }], group_by: [name] };
    assert.deepEqual(await resultRows(thena.url, 'emoji', groups), [[1, 1]]);
    const tooLong = { customer_id: 'emoji', query: { measures: [{ fn: 'count', as: `${name}a` }] } };
    assert.match((await call(`${thena.url}/api/v1/analyze/`, { json: tooLong })).body.detail, /256 characters/);
  });

  it('are exact: integers past 2^53 are digits, and sums do not overflow', async () => {
    const max = 2n ** 63n - 1n;
    await upload(
      thena.url,
      'exact',
      `n,x,s\n${max},1.0e308,\uFEFFa\n${max},1.0e308,${'\uFEFF'.repeat(2)}longer than twelve bytes\n9007199254740991,,"=1"\n`,
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
      (max * 2n + 9_007_199_254_740_991n).toString(),
      max.toString(),
      9_007_199_254_740_991,
      'Infinity',
      2,
    ]);
    const texts = await rowsOf('exact', { group_by: ['s'] });
    assert.deepEqual(texts.flat().sort(), ['=1', '\uFEFFa', `${'\uFEFF'.repeat(2)}longer than twelve bytes`].sort());
    const exactly = await rowsOf('exact', {
      measures: [{ fn: 'count' }],
      where: { column: 'n', op: '=', value: max.toString() },
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

  it('are those of committed uploads, immediately after an append and after an undo', async () => {
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
