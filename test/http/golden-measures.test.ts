import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Cell, type DataColumn, type DataFile, dataFiles } from '../fixtures/data-files.ts';
import { analyze, call, type RunningThena, resultRows, startThena, upload } from '../server.ts';
import { jsonOf, ordered } from './expected-cells.ts';

const QUANTILES = [0, 0.01, 0.25, 1 / 3, 0.5, 0.9, 0.999, 1];
const isNumeric = ({ type }: DataColumn) => type === 'integer' || type === 'number';

/** Neumaier's compensated sum: the same, to the last digits, in whatever order the numbers are added. */
function sum(cells: readonly number[]): number {
  let [total, lost] = [0, 0];
  for (const cell of cells) {
    const next = total + cell;
    lost += Math.abs(total) >= Math.abs(cell) ? total - next + cell : cell - next + total;
    total = next;
  }
  return total + lost;
}

function quantile(cells: readonly number[], q: number): number {
  const sorted = cells.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * q;
  const [below = 0, above = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return below + (above - below) * (place - Math.floor(place));
}

/** Every measure that a column takes, and its value over these rows. */
function measuresOf(file: DataFile, column: DataColumn, rows: readonly number[]): (readonly [object, Cell])[] {
  const cells = rows.map((row) => column.cells[row] as Cell);
  const inOrder = cells.toSorted(ordered);
  const least = inOrder[0] as Cell;
  const greatest = inOrder.at(-1) as Cell;
  const of = (fn: string, more: object = {}) => ({ fn, column: column.name, ...more });
  const measures: (readonly [object, Cell])[] = [
    [of('count'), cells.length],
    [of('count_distinct'), new Set(cells).size],
    [of('min'), jsonOf(least, column.type)],
    [of('max'), jsonOf(greatest, column.type)],
  ];
  const times = file.columns.find(({ type }) => type === 'timestamp' || type === 'date');
  if (times) {
    const byTime = rows.toSorted(
      (a, b) =>
        ordered(times.cells[a] as Cell, times.cells[b] as Cell) ||
        ordered(column.cells[a] as Cell, column.cells[b] as Cell),
    );
    measures.push(
      [of('first'), jsonOf(column.cells[byTime[0] as number] as Cell, column.type)],
      [of('last', { by: times.name }), jsonOf(column.cells[byTime.at(-1) as number] as Cell, column.type)],
    );
  }
  if (!isNumeric(column)) return measures;
  const numbers = cells as readonly number[];
  const mean = sum(numbers) / numbers.length;
  measures.push(
    [of('sum'), sum(numbers)],
    [of('avg'), mean],
    [of('median'), quantile(numbers, 0.5)],
    ...QUANTILES.map((q) => [of('quantile', { q }), quantile(numbers, q)] as const),
  );
  if (numbers.length > 1) {
    measures.push([of('stddev'), Math.sqrt(sum(numbers.map((each) => (each - mean) ** 2)) / (numbers.length - 1))]);
  }
  return measures;
}

/** Asserts equal values; numbers with fractions may differ by rounding. */
function same(actual: readonly unknown[], expected: readonly Cell[], of: string): void {
  assert.equal(actual.length, expected.length, of);
  for (const [index, value] of expected.entries()) {
    const got = actual[index];
    if (typeof value === 'number' && !Number.isInteger(value)) {
      assert.ok(Math.abs((got as number) - value) <= 1e-9 * Math.abs(value), `${of}, ${index}: ${got} is not ${value}`);
    } else assert.equal(typeof got === 'number' ? Number(got.toPrecision(14)) : got, value, `${of}, ${index}`);
  }
}

describe('measures match those computed by plain loops', () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
    for (const { name, bytes } of dataFiles()) {
      const { body } = await upload(thena.url, name, bytes);
      assert.equal(body.status, 'complete', name);
    }
  });
  after(() => thena.close());

  const rowsOf = (customer: string, query: object) => resultRows(thena.url, customer, query);
  const named = (measures: readonly (readonly [object, Cell])[]) =>
    measures.map(([measure], index) => ({ ...measure, as: `m${index}` }));

  for (const file of dataFiles()) {
    const { name } = file;

    it(`${name}: every measure of every column`, async () => {
      const all = Array.from({ length: file.rows }, (_, row) => row);
      assert.deepEqual(await rowsOf(name, { measures: [{ fn: 'count' }] }), [[file.rows]]);
      for (const column of file.columns) {
        const measures = measuresOf(file, column, all);
        const [row = []] = await rowsOf(name, { measures: named(measures) });
        same(
          row,
          measures.map(([, value]) => value),
          `${name}.${column.name}`,
        );
      }
    });

    it(`${name}: every measure, grouped by another column`, async () => {
      const by = file.columns.find(({ type }) => type === 'text') ?? (file.columns[1] as DataColumn);
      const all = Array.from({ length: file.rows }, (_, row) => row);
      const groups = [...Map.groupBy(all, (row) => by.cells[row] as Cell)]
        .sort(([a], [b]) => ordered(a, b))
        .slice(0, 300);
      for (const column of file.columns) {
        // A group of one row has no standard deviation.
        const expected = groups.map(([key, rows]) => [key, ...measuresOf(file, column, rows)] as const);
        const measures = named(
          measuresOf(file, column, all).filter(([measure]) => !JSON.stringify(measure).includes('stddev')),
        );
        const rows = await rowsOf(name, { measures, group_by: [{ column: by.name, as: 'group' }], limit: 300 });
        assert.equal(rows.length, groups.length);
        for (const [index, [key, ...values]] of expected.entries()) {
          const wanted = values
            .filter(([measure]) => !JSON.stringify(measure).includes('stddev'))
            .map(([, value]) => value);
          same(rows[index] ?? [], [key, ...wanted], `${name}.${column.name} of ${key}`);
        }
      }
    });

    it(`${name}: profile and top values`, async () => {
      const all = Array.from({ length: file.rows }, (_, row) => row);
      const { body } = await analyze(thena.url, name, 10003);
      assert.equal(body.result.total_rows, file.rows);
      for (const [index, column] of file.columns.entries()) {
        const profiled = body.result.columns[index];
        const measures = new Map(
          measuresOf(file, column, all).map(([measure, value]) => [JSON.stringify({ ...measure, column: '' }), value]),
        );
        const of = (fn: string, q?: number) =>
          measures.get(JSON.stringify({ fn, column: '', ...(q === undefined ? {} : { q }) })) as Cell;
        assert.deepEqual([profiled.name, profiled.type, profiled.nulls], [column.name, column.type, 0]);
        const { q1, median, q3 } = profiled.quartiles ?? {};
        const numbers = isNumeric(column) ? [profiled.mean, q1, median, q3] : [];
        const expected = isNumeric(column)
          ? [of('avg'), of('quantile', 0.25), of('median'), quantile(column.cells as number[], 0.75)]
          : [];
        same(
          [profiled.distinct, profiled.min, profiled.max, ...numbers],
          [of('count_distinct'), of('min'), of('max'), ...expected],
          `${name}.${column.name}`,
        );
        if (!isNumeric(column)) assert.deepEqual([profiled.mean, profiled.quartiles], [null, null]);
        const { body: top } = await call(`${thena.url}/api/v1/analyze/`, {
          json: { customer_id: name, analyze_type: 'top_values', column: column.name, limit: 7 },
        });
        const counted = [...Map.groupBy(column.cells, (cell) => cell)].map(
          ([cell, same]) => [cell, same.length] as const,
        );
        counted.sort((a, b) => b[1] - a[1] || ordered(a[0], b[0]));
        assert.deepEqual(
          top.result.rows,
          counted.slice(0, 7).map(([cell, count]) => [jsonOf(cell, column.type), count]),
        );
      }
    });
  }
});
