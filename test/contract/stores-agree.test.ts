import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { tableFromIPC } from 'apache-arrow';
import fc from 'fast-check';
import { planCondition } from '../../src/analysis/plan-condition.ts';
import { planQuery } from '../../src/analysis/plan-query.ts';
import { RequestPart } from '../../src/analysis/request-part.ts';
import type { Column, StoredColumn } from '../../src/model/columns.ts';
import { NOTHING_SETTLED } from '../../src/model/value-format.ts';
import type { QueryPlan, Selection } from '../../src/table-store/query-plan.ts';
import type {
  CountedView,
  ExportRequest,
  PageOutcome,
  StoredValue,
  TableView,
} from '../../src/table-store/table-store.ts';
import { evaluate, type NaiveResult, sizesOf } from '../analysis/naive-query.ts';
import { COLUMNS, countedRows, queries, rows as randomRows, TABLE } from '../analysis/random-queries.ts';
import { assertSameResults } from '../analysis/rounding.ts';
import { tableOf } from '../builders.ts';
import { NO_CLICKHOUSE, ODD_PROFILE } from '../cluster/clickhouse-server.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';
import { clickhouseTables, duckdbTables, type Reads, type StoredTables } from './stored-tables.ts';

const RUNS = Number(process.env.FAST_CHECK_RUNS ?? 12);
/** Finding the smallest difference takes minutes. */
const FAST_CHECK = {
  ...(process.env.FAST_CHECK_PATH && { path: process.env.FAST_CHECK_PATH }),
  endOnFailure: process.env.FAST_CHECK_SHRINK === undefined,
  ...(process.env.FAST_CHECK_SEED && { seed: Number(process.env.FAST_CHECK_SEED) }),
};
const { signal } = new AbortController();
const LIMITS = { maxRows: 10_000, maxBytes: 10_000_000, deadlineMs: 60_000, signal };

describe('the same rows in DuckDB, on ClickHouse and on two shards', { skip: NO_CLICKHOUSE ?? false }, () => {
  let place: EngineInFolder;
  let stores: readonly StoredTables[] = [];
  before(async () => {
    place = await engineInFolder();
    const deps = { engine: place.engine, exports: place.storeSettings.exports, reserveBytes: 0 };
    stores = [duckdbTables(place), await clickhouseTables(1, deps, ODD_PROFILE), await clickhouseTables(2, deps)];
  });
  after(async () => {
    await Promise.all(stores.map((store) => store.close()));
    await place.close();
  });

  it('have the same answers to random queries', async () => {
    const table = tableOf('queries');
    await Promise.all(stores.map((store) => store.create(table, COLUMNS)));
    let tag = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(randomRows, { maxLength: 40 }),
        fc.array(queries, { minLength: 8, maxLength: 8 }),
        async (rows, requests) => {
          tag++;
          const stored = rows.map((row) => COLUMNS.map(({ name }) => row[name] ?? null));
          await Promise.all(stores.map((store) => store.add(table, COLUMNS, tag, stored)));
          const uncommittedTags = Array.from({ length: tag - 1 }, (_, index) => index + 1);
          const view = { ...table, columns: COLUMNS, uncommittedTags, lastTag: tag, ...countedRows(rows) };
          for (const each of requests) {
            const plan = planQuery(new RequestPart(each, '/query'), TABLE, 1000);
            const sizes = evaluate(plan, rows).map((result) => result.sizes);
            await sameAnswers(view, plan, sizes);
          }
        },
      ),
      { numRuns: RUNS, includeErrorInReport: true, ...FAST_CHECK },
    );
  });

  it('have the same pages and the same bytes of exports, whatever the values', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(storedRows, { maxLength: 30 }), { minLength: 1, maxLength: 3 }),
        fc.option(conditions, { nil: null }),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        async (uploads, request, limit, escapeFormulas) => {
          const table = tableOf(`rows-${count++}`);
          await Promise.all(stores.map((store) => store.create(table, WIDE)));
          for (const [index, rows] of uploads.entries())
            await Promise.all(stores.map((store) => store.add(table, WIDE, index + 1, rows)));
          const uncommittedTags = uploads.length === 3 ? [2] : [];
          const view = { ...table, columns: WIDE, uncommittedTags, lastTag: uploads.length };
          const where = request && planCondition(new RequestPart(request, '/where'), findColumn);
          const selection = { columns: WIDE.map(({ name, type }) => ({ name, type })), where };
          await sameFor('pages', ({ reads }) => allPages(reads, view, selection, limit));
          for (const format of ['csv', 'ndjson'] as const) {
            for (const columns of [selection.columns, manyOf(selection.columns)]) {
              const exported = { ...selection, columns, format, escapeFormulas };
              await sameFor(format, async ({ reads }) => (await bytesOf(reads, view, exported)).toString());
            }
          }
          for (const format of ['arrow', 'parquet'] as const) {
            const exported = { ...selection, format, escapeFormulas };
            await sameFor(format, async ({ reads }) => readTyped[format](await bytesOf(reads, view, exported)));
          }
        },
      ),
      { numRuns: RUNS / 2, includeErrorInReport: true, ...FAST_CHECK },
    );
  });

  it('have the same answers and texts at the ends of the ranges', async () => {
    const columns = [
      { name: 'n', type: 'integer' },
      { name: 'x', type: 'number' },
    ] as const;
    const table = tableOf('ends');
    const powers = Array.from({ length: 2098 }, (_, index) => 2 ** (index - 1074));
    const rows = powers.flatMap((power) => [power, -power]).map((power, index) => [BigInt(index), power]);
    const [least, greatest] = [-(2n ** 63n), 2n ** 63n - 1n];
    const ends = [greatest, greatest, least, null].map((n, index) => [n, index === 3 ? null : Number.MAX_VALUE]);
    await Promise.all(stores.map((store) => store.create(table, columns)));
    await Promise.all(stores.map((store) => store.add(table, columns, 1, rows)));
    await Promise.all(stores.map((store) => store.add(table, columns, 2, ends)));
    // A group whose numbers are all on one shard, and a null on the other.
    const apart = [0, 1, 0].map((on) => [7n, on === 0 ? 1e200 : null]);
    await Promise.all(stores.map((store) => store.add(table, columns, 3, apart)));
    const view = { ...table, columns, uncommittedTags: [], lastTag: 1, rows: rows.length, timeRange: null };
    for (const format of ['csv', 'ndjson'] as const) {
      const lines = async ({ reads }: StoredTables) => {
        const file = await bytesOf(reads, view, { columns, where: null, format, escapeFormulas: false });
        return file.toString().trimEnd().split('\n').toSorted();
      };
      await sameFor(format, lines);
      const written = new Set(
        (await lines(stores[0] as StoredTables)).map((line) => Number(/[^,:]+$/.exec(line)?.[0].replace('}', ''))),
      );
      assert.deepEqual(
        powers.filter((power) => !written.has(power) || !written.has(-power)),
        [],
        format,
      );
    }
    const deviation = { measures: [{ fn: 'stddev', column: 'x' }], group_by: ['n'] };
    const plan = planOf(columns, deviation);
    await sameAnswers({ ...view, uncommittedTags: [1, 2], lastTag: 3 }, plan);
    for (const column of ['n', 'x']) {
      const measures = ['sum', 'avg', 'min', 'max', 'median', 'count_distinct'].map((fn) => ({ fn, column }));
      const buckets = [1, 2, 3, 1000].map((parts) => ({ column, buckets: parts }));
      for (const groups of [...buckets, column, { column, bucket: Number.MAX_SAFE_INTEGER }].map((each) => [each])) {
        const plan = planOf(columns, { measures, group_by: groups });
        await sameAnswers({ ...view, uncommittedTags: [1], lastTag: 2 }, plan);
      }
    }
  });

  it('have the same answers about integers next to numbers that are not finite', async () => {
    const columns = [
      { name: 'n', type: 'integer' },
      { name: 'x', type: 'number' },
    ] as const;
    const table = tableOf('integers-next-to-infinity');
    const rows = [
      [2n ** 53n + 1n, Number.POSITIVE_INFINITY],
      [7n, 1.5],
      [null, Number.NaN],
    ];
    await Promise.all(stores.map((store) => store.create(table, columns)));
    await Promise.all(stores.map((store) => store.add(table, columns, 1, rows)));
    const view = { ...table, columns, uncommittedTags: [], lastTag: 1, rows: rows.length, timeRange: null };
    const measures = ['min', 'max', 'stddev'].map((fn) => ({ fn, column: 'n' }));
    const ordered = {
      group_by: ['x'],
      having: { column: 'max_n', op: '>', value: 1 },
      order_by: [{ column: 'max_n', direction: 'desc' }, { column: 'min_n' }],
    };
    // The first query finds the infinity, and the second one knows of it.
    for (const more of [[{ fn: 'max', column: 'x' }], []]) {
      const request = { ...ordered, measures: [...measures, ...more] };
      await sameAnswers(view, planOf(columns, request));
    }
  });

  it('have the same answers about a column that had numbers that are not finite, and has another type now', async () => {
    const table = tableOf('extremes-widened');
    const columns = [
      { name: 'whole', type: 'integer', parts: ['number', 'integer'] },
      { name: 'text', type: 'text', parts: ['number', 'text'] },
    ] as const;
    const before = columns.map((column) => ({ ...column, type: 'number' as const }));
    await Promise.all(stores.map((store) => store.create(table, columns)));
    const uploads = [
      [
        [Number.NaN, null, Number.NaN, null],
        [Number.POSITIVE_INFINITY, null, Number.NEGATIVE_INFINITY, null],
      ],
      [[7, null, 1.5, null]],
      [[null, 2n ** 60n, null, 'a']],
    ];
    for (const [index, rows] of uploads.entries())
      await Promise.all(stores.map((store) => store.add(table, columns, index + 1, rows)));
    const view = { ...table, uncommittedTags: [], lastTag: 2, rows: 3, timeRange: null };
    const measures = ['min', 'max'].flatMap((fn) => columns.map(({ name }) => ({ fn, column: name })));
    const order = { group_by: ['whole'], order_by: ['min_whole', { column: 'max_text', direction: 'desc' }] };
    const ask = async (at: object, now: TableView['columns'], request: object) => {
      await sameAnswers({ ...view, columns: now, ...at }, planOf(now, request));
    };
    await ask({}, before, { measures, ...order });
    // The first upload is undone.
    const now = { lastTag: 3, uncommittedTags: [1] };
    await ask(now, columns, { measures, ...order });
    const spread = ['median', 'stddev'].map((fn) => ({ fn, column: 'whole' }));
    await ask(now, columns, { measures: [...measures, ...spread] });
  });

  it('read widened columns alike', async () => {
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(narrowRows, { minLength: 1, maxLength: 20 }),
        fc.array(widerRows, { minLength: 1, maxLength: 20 }),
        async (narrow, wider) => {
          const table = tableOf(`widened-${count++}`);
          const stored = [
            narrow.map((row) => row.flatMap((value) => [value, null])),
            wider.map((row) => row.flatMap((value) => [null, value])),
          ];
          await Promise.all(stores.map((store) => store.create(table, WIDENED)));
          for (const [index, rows] of stored.entries())
            await Promise.all(stores.map((store) => store.add(table, WIDENED, index + 1, rows)));
          const view = { ...table, columns: WIDENED, uncommittedTags: [], lastTag: 2, rows: 40, timeRange: null };
          const columns = WIDENED.map(({ name, type }) => ({ name, type }));
          for (const format of ['csv', 'ndjson'] as const) {
            for (const exportedColumns of [columns, manyOf(columns)]) {
              const exported = { columns: exportedColumns, where: null, format, escapeFormulas: false };
              await sameFor(format, async ({ reads }) => (await bytesOf(reads, view, exported)).toString());
            }
          }
          await sameFor('page', ({ reads }) => allPages(reads, view, { columns, where: null }, 50));
          const measures = columns.flatMap(({ name }) =>
            ['count', 'count_distinct', 'min', 'max'].map((fn) => ({ fn, column: name })),
          );
          const groups = columns.map(({ name }) => ({ measures: [{ fn: 'count' }], group_by: [name] }));
          for (const request of [{ measures }, ...groups]) await sameAnswers(view, planOf(columns, request));
          const early = {
            ...view,
            lastTag: 1,
            columns: WIDENED.map(({ parts, ...column }) => ({ ...column, type: parts[0] })),
          };
          await sameFor('integers', ({ reads }) => reads.keepsIntegersAsNumbers(early, 'number', signal));
        },
      ),
      { numRuns: RUNS / 2, includeErrorInReport: true, ...FAST_CHECK },
    );
  });

  async function sameFor(what: string, read: (store: StoredTables) => Promise<unknown>): Promise<void> {
    const [expected, ...others] = await Promise.all(stores.map(read));
    for (const [index, other] of others.entries())
      assert.deepEqual(other, expected, `${what}: ${stores[index + 1]?.name}`);
  }

  /** @param sizes of each result, if terms may cancel out in it */
  async function sameAnswers(
    view: CountedView,
    plan: QueryPlan,
    sizes: readonly NaiveResult['sizes'][] = [],
  ): Promise<void> {
    const [expected, ...others] = await Promise.all(
      stores.map(async ({ name, reads }) => ({ name, outcome: await reads.query(view, plan, LIMITS) })),
    );
    for (const { name, outcome } of others) {
      // DuckDB refuses infinite deviations of groups that `having` leaves out, too.
      if (plan.having && expected?.outcome.kind === 'out_of_range' && outcome.kind === 'rows') continue;
      if (expected?.outcome.kind === 'rows' && outcome.kind === 'rows') {
        const wanted = expected.outcome.rows.map((values, index) => ({
          values,
          sizes: sizes[index] ?? sizesOf(plan, []),
        }));
        assertSameResults(name, outcome.rows, wanted);
      } else assert.deepEqual(outcome, expected?.outcome, name);
    }
  }
});

/** Columns of every type, and widened ones. */
const WIDE: readonly StoredColumn[] = [
  { name: 'n', type: 'integer' },
  { name: 'x', type: 'number' },
  { name: 'b', type: 'boolean' },
  { name: 'd', type: 'date' },
  { name: 't', type: 'timestamp' },
  { name: 'it\'s \\ "s"', type: 'text' },
  { name: '_thena_upload', type: 'text' },
  { name: 'c0', type: 'unknown' },
];
const findColumn = (part: RequestPart) => ({ kind: 'column', column: part.column(WIDE) }) as const;

/** 1000-01-01: earlier years are not read as years. */
const FIRST_DAY = -354_285;
const days = fc.oneof(
  fc.integer({ min: FIRST_DAY, max: 2_932_896 }),
  fc.constantFrom(FIRST_DAY, 2_932_896, 0, -1, -25_567, -25_568, 120_529, 120_530),
);
const DAY = 86_400_000_000n;
const oddTexts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.toWellFormed().replaceAll('\0', '')),
  fc.constantFrom(
    '',
    ' a',
    'a ',
    '=1+1',
    '＝1',
    '\t',
    '"',
    'a,b',
    '\u2028\u2029',
    '\x7f\x1b',
    '\uFEFF',
    'a\r\nb',
    '\\N',
    'null',
    '\u00a0x',
  ),
  fc.nat(3000).map((length) => 'ä'.repeat(length)),
);
const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null, freq: 5 });
const storedRows: fc.Arbitrary<readonly StoredValue[]> = fc.tuple(
  nullable(
    fc.oneof(
      fc.bigInt(-3n, 3n),
      fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
      fc.constantFrom(2n ** 53n, -(2n ** 53n), 2n ** 53n - 1n),
    ),
  ),
  nullable(
    fc.oneof(
      fc.double(),
      fc.integer({ min: -400, max: 400 }).map((each) => each / 8),
      fc
        .tuple(fc.double({ min: 1, max: 10 }), fc.integer({ min: -9, max: 24 }))
        .map(([digits, exponent]) => digits * 10 ** exponent),
      fc.integer({ min: -9, max: 24 }).map((exponent) => Number(`1e${exponent}`)),
    ),
  ),
  nullable(fc.boolean()),
  nullable(days.map((day) => BigInt(day) * DAY)),
  nullable(
    fc
      .tuple(days, fc.oneof(fc.bigInt(0n, DAY - 1n), fc.constantFrom(0n, 500_000n, DAY - 1n)))
      .map(([day, micros]) => BigInt(day) * DAY + micros),
  ),
  nullable(oddTexts),
  nullable(fc.constantFrom('a', 'b', '', 'c"')),
  fc.constant(null),
);
const conditions = fc.oneof(
  fc.record({ column: fc.constant('n'), op: fc.constantFrom('<', '>='), value: fc.integer({ min: -3, max: 3 }) }),
  fc.record({
    column: fc.constant('x'),
    op: fc.constantFrom('<', '>'),
    value: fc.double({ noNaN: true, noDefaultInfinity: true }),
  }),
  fc.record({ column: fc.constant('_thena_upload'), op: fc.constant('in'), value: fc.constant(['a', 'c"']) }),
  fc.record({ column: fc.constant('t'), op: fc.constantFrom('is null', 'is not null') }),
);

/** Columns whose type was another one at first. */
const WIDENED = [
  { name: 'number', type: 'number', parts: ['integer', 'number'] },
  { name: 'integer', type: 'integer', parts: ['integer', 'number'] },
  { name: 'integers', type: 'text', parts: ['integer', 'text'] },
  { name: 'numbers', type: 'text', parts: ['number', 'text'] },
  { name: 'booleans', type: 'text', parts: ['boolean', 'text'] },
  { name: 'dates', type: 'text', parts: ['date', 'text'] },
  { name: 'times', type: 'text', parts: ['timestamp', 'text'] },
] as const;
const integers = fc.oneof(
  fc.bigInt(-3n, 3n),
  fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n),
  fc.constantFrom(2n ** 60n, 2n ** 53n + 1n),
);
const wholeNumbers = fc.oneof(
  fc.integer({ min: -9, max: 9 }).map((each) => each + 0),
  fc.constantFrom(2 ** 53, 1152921504606847000, -1152921504606847000, 1e15, 1e16, 9e18),
);
const oddNumbers = fc.oneof(wholeNumbers, fc.double(), fc.constantFrom(0.1, 1e-5, 1e20, 1e21, -0, 2 ** 63));
const narrowRows = fc.tuple(
  nullable(integers),
  nullable(integers),
  nullable(integers),
  nullable(oddNumbers),
  nullable(fc.boolean()),
  nullable(days.map((day) => BigInt(day) * DAY)),
  nullable(days.map((day) => BigInt(day) * DAY + 1_500_000n)),
);
const widerRows = fc.tuple(
  nullable(fc.double()),
  nullable(wholeNumbers),
  ...(Array.from({ length: 5 }, () => nullable(fc.constantFrom('', 'a', '1', 'true'))) as [
    Texts,
    Texts,
    Texts,
    Texts,
    Texts,
  ]),
);
type Texts = fc.Arbitrary<string | null>;

/** A query of a table with these columns. */
function planOf(columns: readonly Column[], request: object): QueryPlan {
  const state = { ...TABLE, columns: columns.map(({ name, type }) => ({ name, type, settled: NOTHING_SETTLED })) };
  return planQuery(new RequestPart(request, ''), state, LIMITS.maxRows);
}

async function allPages(reads: Reads, view: TableView, selection: Selection, limit: number) {
  const pages: (readonly (readonly StoredValue[])[])[] = [];
  for (let after: string | null = null; ; ) {
    const outcome: PageOutcome = await reads.rows(view, { ...selection, after, limit }, LIMITS);
    assert.ok(outcome.kind === 'rows', outcome.kind);
    // A store may not know that no row follows.
    if (outcome.rows.length > 0) pages.push(outcome.rows);
    if (outcome.next === null) return pages;
    after = outcome.next;
  }
}

/** The same columns, again and again: lines of more than 50 are written otherwise. */
function manyOf(columns: readonly Column[]): readonly Column[] {
  return Array.from({ length: Math.ceil(51 / columns.length) }, () => columns).flat();
}

async function bytesOf(reads: Reads, view: TableView, request: ExportRequest): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(reads.export(view, request, { chunkMs: 60_000, signal })));
}

/** Files with typed columns: their schemas and values. */
const readTyped = {
  async arrow(file: Buffer) {
    const table = tableFromIPC(file);
    const rows = table.toArray().map((row) => Object.values(row.toJSON()).map(String));
    return [table.schema.fields.map(String), rows];
  },
  async parquet(file: Buffer) {
    const folder = mkdtempSync(join(tmpdir(), 'thena-parquet-'));
    const instance = await DuckDBInstance.create();
    const connection = await instance.connect();
    try {
      const path = join(folder, 'file.parquet');
      writeFileSync(path, file);
      const reader = await connection.runAndReadAll(`FROM '${path}'`);
      return [reader.columnNames(), reader.columnTypes().map(String), reader.getRowsJson()];
    } finally {
      connection.closeSync();
      instance.closeSync();
      rmSync(folder, { recursive: true });
    }
  },
};
