import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Cell, type DataColumn, dataFiles } from '../fixtures/data-files.ts';
import { type RunningThena, resultRows, startThena, upload } from '../server.ts';
import { jsonOf, ordered } from './expected-cells.ts';

type Predicate = (cell: Cell) => boolean;
type Condition = readonly [condition: object, holds: (row: number) => boolean];

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Conditions with every operator a column takes: on values it has, on values next to them, and on values far off. */
function conditionsOf(column: DataColumn): readonly Condition[] {
  const sorted = column.cells.toSorted(ordered);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] as Cell;
  const values = [at(0), at(0.3), at(0.5), at(1)];
  const json = (cell: Cell) => jsonOf(cell, column.type);
  const one = (op: string, value: unknown, holds: Predicate): Condition => [
    { column: column.name.toUpperCase(), op, ...(value === undefined ? {} : { value }) },
    (row) => holds(column.cells[row] as Cell),
  ];
  const all: Condition[] = [
    one('is null', undefined, () => false),
    one('is not null', undefined, () => true),
    one('in', [json(at(0.2)), json(at(0.7)), json(at(0.2))], (cell) => cell === at(0.2) || cell === at(0.7)),
    one(
      'between',
      [json(at(0.25)), json(at(0.75))],
      (cell) => ordered(cell, at(0.25)) >= 0 && ordered(cell, at(0.75)) <= 0,
    ),
    one('between', [json(at(0.75)), json(at(0.25))], (cell) => at(0.75) === at(0.25) && cell === at(0.25)),
  ];
  for (const [op, holds] of Object.entries(COMPARISONS)) {
    for (const value of values) all.push(one(op, json(value), (cell) => holds(ordered(cell, value))));
    if (column.type === 'integer' && /[<>]/.test(op)) {
      all.push(one(op, (at(0.5) as number) + 0.5, (cell) => holds((cell as number) - (at(0.5) as number) - 0.5)));
    }
  }
  if (column.type !== 'text') return all;
  const text = at(0.5) as string;
  const [first = '', last = ''] = [text.slice(0, 1), text.slice(-1)];
  const strings: readonly (readonly [string, (cell: string) => boolean])[] = [
    [text, (cell) => cell === text],
    ['', () => false],
    ['%', () => true],
    [`${first}%`, (cell) => cell.startsWith(first)],
    [`%${last}`, (cell) => cell.endsWith(last)],
    [`%${last}%`, (cell) => cell.includes(last)],
    ['___', (cell) => cell.length === 3],
    [`_${last}%`, (cell) => cell[1] === last],
    [`%${first}%${last}%`, (cell) => cell.includes(first) && cell.slice(cell.indexOf(first) + 1).includes(last)],
    [`${first}%${last}`, (cell) => cell.length > 1 && cell.startsWith(first) && cell.endsWith(last)],
    ['%\\%%', (cell) => cell.includes('%')],
    [first.toLowerCase(), () => false],
  ];
  return [...all, ...strings.map(([pattern, holds]) => one('like', pattern, (cell) => holds(cell as string)))];
}

describe('conditions select the rows that plain loops select', () => {
  const files = dataFiles('routes', 'rides', 'prices', 'weather');
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
    for (const { name, bytes } of files) await upload(thena.url, name, bytes);
  });
  after(() => thena.close());

  const rowsOf = (customer: string, query: object) => resultRows(thena.url, customer, query);

  for (const file of files) {
    it(`${file.name}: every operator on every column, plain, negated, and combined with those of the next`, async () => {
      const rows = Array.from({ length: file.rows }, (_, row) => row);
      const conditions = file.columns.map(conditionsOf);
      for (const [index, column] of file.columns.entries()) {
        const measures = [{ fn: 'count' }, { fn: 'min', column: column.name }];
        const check = async (where: object, holds: (row: number) => boolean) => {
          const left = rows.filter(holds).map((row) => column.cells[row] as Cell);
          const [least] = left.toSorted(ordered);
          const expected = [left.length, least === undefined ? null : jsonOf(least, column.type)];
          assert.deepEqual(await rowsOf(file.name, { measures, where }), [expected], JSON.stringify(where));
        };
        const next = conditions[(index + 1) % conditions.length] ?? [];
        for (const [at, [condition, holds]] of conditions[index]?.entries() ?? []) {
          await check(condition, holds);
          await check({ not: condition }, (row) => !holds(row));
          const [other, holdsToo] = next[(at * 7) % next.length] as Condition;
          await check({ and: [condition, { not: other }] }, (row) => holds(row) && !holdsToo(row));
          await check({ not: { or: [condition, other] } }, (row) => !holds(row) && !holdsToo(row));
        }
      }
    });
  }

  for (const { name, column } of dataFiles('routes')) {
    it(`${name}: every operator in having, with an order and a limit`, async () => {
      const [origin, count] = [column('origin').cells as readonly string[], column('count').cells as readonly number[]];
      const origins = [...Map.groupBy(origin.keys(), (row) => origin[row] as string)]
        .map(([code, rows]) => [code, rows.length, Math.max(...rows.map((row) => count[row] as number))] as const)
        .sort(([a], [b]) => ordered(a, b));
      for (const [op, holds] of Object.entries(COMPARISONS)) {
        for (const value of [1, 20, Math.max(...origins.map(([, destinations]) => destinations))]) {
          const query = {
            measures: [
              { fn: 'count', as: 'to' },
              { fn: 'max', column: 'count', as: 'most' },
            ],
            group_by: ['origin'],
            having: { and: [{ column: 'to', op, value }, { not: { column: 'ORIGIN', op: 'like', value: 'A%' } }] },
            order_by: [{ column: 'Most', direction: 'desc' }, 'to'],
            limit: 25,
          };
          const expected = origins
            .filter(([code, destinations]) => holds(destinations - value) && !code.startsWith('A'))
            .sort((a, b) => b[2] - a[2] || a[1] - b[1] || ordered(a[0], b[0]))
            .slice(0, 25);
          assert.deepEqual(await rowsOf(name, query), expected, `${op} ${value}`);
        }
      }
    });
  }
});
