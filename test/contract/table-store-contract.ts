import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CsvSource } from '../../src/csv/segment.ts';
import type { Column } from '../../src/model/columns.ts';
import type { TableId } from '../../src/model/ids.ts';
import type { ParsedFile } from '../../src/model/parsed-columns.ts';
import type { Condition, Measure, QueryPlan } from '../../src/table-store/query-plan.ts';
import {
  type CountedView,
  EXPORT_FORMATS,
  type LoadSession,
  type QueryLimits,
  type TableView,
} from '../../src/table-store/table-store.ts';
import { parsedFile, TABLE_ID, tableOf } from '../builders.ts';
import type { StoreUnderTest } from './store-under-test.ts';
import { wideningContract } from './widening-contract.ts';

const AT = { name: 'at', type: 'timestamp' } as const;
const N = { name: 'n', type: 'integer' } as const;
const FORMATS = [AT, N];
const COUNT: Measure = { fn: 'count', column: null, q: null, by: null, as: 'rows', type: 'integer' };
const SUM: Measure = { fn: 'sum', column: N, q: null, by: null, as: 'sum', type: 'integer' };

const OTHER_TABLE = 'ba9876543210' as TableId;
const micros = (year: number, month: number, day: number): bigint => BigInt(Date.UTC(year, month - 1, day)) * 1000n;
const view = (id: string, lastTag: number, ...uncommittedTags: number[]): TableView => ({
  ...tableOf(id),
  columns: FORMATS,
  lastTag,
  uncommittedTags,
});
const plan = (part: Partial<QueryPlan>): QueryPlan => ({
  groupBy: [],
  measures: [COUNT],
  where: null,
  having: null,
  orderBy: [],
  limit: null,
  ...part,
});
/** Generous limits: `chunkMs` for exports, the others for pages and queries. */
const LIMITS = {
  maxRows: 1000,
  maxBytes: 1_000_000,
  deadlineMs: 60_000,
  chunkMs: 60_000,
  signal: new AbortController().signal,
};

/**
 * What every table store has to do, as tests.
 *
 * @param name of the store
 * @param makeStore makes an empty store
 */
/** @param skip why the store cannot be tested on this platform */
export function tableStoreContract(
  name: string,
  makeStore: () => Promise<StoreUnderTest>,
  skip: string | null = null,
): void {
  describe(`table store: ${name}`, { skip: skip ?? false }, () => {
    let made: StoreUnderTest;
    before(async () => {
      made = await makeStore();
    });
    after(() => made.close());

    function begin(
      id: string,
      tag: number,
      formats: readonly Column[] = FORMATS,
      create = tag === 1,
      tableId = TABLE_ID,
    ): Promise<LoadSession> {
      const timeColumn = formats.some((column) => column.name === 'at') ? 'at' : null;
      const load = {
        ...tableOf(id, tableId),
        tag,
        columns: formats,
        file: parsedFile(formats),
        timeColumn,
        create,
      };
      return made.store.begin(load);
    }
    const records = (...texts: readonly string[]): CsvSource => made.source(['at', 'n'], ...texts);

    /** Appends consecutive integers as an upload of their own. */
    async function load(id: string, tag: number, from: number, to: number): Promise<void> {
      const text = Array.from({ length: to - from }, (_, index) => `2024-01-01 00:00:00,${from + index}\n`).join('');
      const session = await begin(id, tag);
      await session.append(records(text));
      await session.commit();
    }

    async function read(of: TableView, after: string | null, limit: number, where: Condition | null = null) {
      const outcome = await made.store.rows(of, { columns: [N], where, after, limit }, LIMITS);
      assert(outcome.kind === 'rows', outcome.kind);
      return { numbers: outcome.rows.map(([n]) => Number(n)), next: outcome.next };
    }

    const query = (of: TableView, part: Partial<QueryPlan>, limits: Partial<QueryLimits> = {}) => {
      const counted: CountedView = { ...of, rows: 1_000_000, timeRange: null };
      return made.store.query(counted, plan(part), { ...LIMITS, ...limits });
    };

    wideningContract(() => made);

    describe('loading', () => {
      it('counts the rows of an attempt, with their earliest and latest time', async () => {
        const session = await begin('counted', 1);
        const { rows } = await session.append(records('2024-01-02 00:00:00,1\n', '2024-01-03 00:00:00,2\n'));
        assert.equal(rows, 2);
        assert.equal((await session.append(records('2024-01-01 00:00:00.000001,3\n'))).rows, 1);
        assert.deepEqual(await session.commit(), {
          rows: 3,
          earliestAt: micros(2024, 1, 1) + 1n,
          latestAt: micros(2024, 1, 3),
        });
      });

      it('counts the rows of this attempt only', async () => {
        await load('attempts', 1, 0, 5);
        const session = await begin('attempts', 2);
        await session.append(records('2024-02-01 00:00:00,1\n'));
        const day = micros(2024, 2, 1);
        assert.deepEqual(await session.commit(), { rows: 1, earliestAt: day, latestAt: day });
      });

      it('reports no times if the table has no time column', async () => {
        const session = await begin('timeless', 1, [N]);
        await session.append(made.source(['n'], '1\n'));
        assert.deepEqual(await session.commit(), { rows: 1, earliestAt: null, latestAt: null });
      });

      it('appends all records of a source or none', async () => {
        const session = await begin('whole', 1);
        await session.append(records('2024-01-01 00:00:00,1\n'));
        for (const bad of ['1.5', '007', 'x', '1,2']) {
          const source = records(`2024-01-01 00:00:00,1\n2024-01-01 00:00:00,${bad}\n`);
          await assert.rejects(session.append(source), { name: 'StorageFailure', reason: 'rows_do_not_fit' }, bad);
        }
        assert.equal((await session.commit()).rows, 1);
      });

      it('refuses leading zeros in later files, too', async () => {
        await load('zeros', 1, 0, 1);
        const session = await begin('zeros', 2);
        const append = session.append(records('2024-01-03 00:00:00,007\n'));
        await assert.rejects(append, { name: 'StorageFailure', reason: 'rows_do_not_fit' });
        assert.equal((await session.commit()).rows, 0);
      });

      it('writes values in the form that the file gives them', async () => {
        const day = {
          name: 'at',
          format: { type: 'timestamp', order: 'dmy', pattern: null, timeZone: 'Europe/Berlin' },
        };
        const number = { name: 'n', format: { type: 'integer', thousands: '.' } };
        const file = { columns: [day, number], nulls: ['-'] } as ParsedFile;
        const load = { ...tableOf('forms'), tag: 1, columns: FORMATS, file, timeColumn: 'at', create: true };
        const session = await made.store.begin(load);
        const appended = await session.append(records('27/10/2024 02:30,1.234\n1/2/2024,-\n'));
        assert.equal(appended.rows, 2);
        assert.deepEqual(
          appended.ambiguousTimes.map(({ column, values }) => [column, values.count, values.line]),
          [['at', 1, 2]],
        );
        const summary = await session.commit();
        assert.equal(summary.earliestAt, micros(2024, 2, 1) - 3_600_000_000n);
        assert.equal(summary.latestAt, micros(2024, 10, 27) + 1_800_000_000n);
        const page = await read(view('forms', 1), null, 10);
        assert.deepEqual(page.numbers, [1234, 0]);
      });

      it('stops at an abort, and appends nothing', async () => {
        const session = await begin('aborted', 1);
        const append = session.append(records('2024-01-01 00:00:00,1\n'), { signal: AbortSignal.abort() });
        await assert.rejects(append, { name: 'StorageFailure', reason: 'cancelled' });
        assert.equal((await session.commit()).rows, 0);
      });

      it('deletes the rows of an attempt that is rolled back, and only those', async () => {
        await load('rolled-back', 1, 0, 1);
        const session = await begin('rolled-back', 2);
        await session.append(records('2024-01-02 00:00:00,1\n'));
        await session.rollBack();
        await load('rolled-back', 3, 2, 3);
        assert.deepEqual((await read(view('rolled-back', 3), null, 10)).numbers, [0, 2]);
      });

      it('keeps the order of sources that are appended at the same time', async () => {
        const session = await begin('at-once', 1);
        const numbers = Array.from({ length: 100 * session.concurrentAppends }, (_, number) => number);
        const sources = Array.from({ length: session.concurrentAppends }, (_, part) => {
          const lines = numbers.slice(100 * part, 100 * (part + 1)).map((number) => `2024-01-01 00:00:00,${number}\n`);
          return records(lines.slice(0, 50).join(''), lines.slice(50).join(''));
        });
        const appended = await Promise.all(sources.map((source) => session.append(source)));
        assert.deepEqual(
          appended.map(({ rows }) => rows),
          sources.map(() => 100),
        );
        assert.equal((await session.commit()).rows, numbers.length);
        assert.deepEqual((await read(view('at-once', 1), null, 1000)).numbers, numbers);
      });

      it('can roll back an attempt in which one of several appends at the same time has failed', async () => {
        await load('one-failed', 1, 0, 1);
        const session = await begin('one-failed', 2);
        const texts = ['x', '7', '8'].slice(0, session.concurrentAppends);
        const outcomes = await Promise.allSettled(
          texts.map((text) => session.append(records(`2024-01-01 00:00:00,${text}\n`))),
        );
        assert.deepEqual(
          outcomes.map(({ status }) => status),
          texts.map((text) => (text === 'x' ? 'rejected' : 'fulfilled')),
        );
        // What stands behind the failed append cannot be kept, and is not passed off as complete.
        if (texts.length > 1) await assert.rejects(session.commit(), { name: 'StorageFailure' });
        await session.rollBack();
        await load('one-failed', 3, 2, 3);
        assert.deepEqual((await read(view('one-failed', 3), null, 10)).numbers, [0, 2]);
      });

      it('keeps the tables apart that two attempts at a first file create, with other columns', async () => {
        const columns = [{ name: 'other', type: 'text' }] as const;
        const lost = await begin('first', 1, columns, true, OTHER_TABLE);
        await lost.append(made.source(['other'], 'x\n'));
        const session = await begin('first', 2, FORMATS, true);
        await session.append(records('2024-01-01 00:00:00,1\n2024-01-01 00:00:00,2\n'));
        await lost.append(made.source(['other'], 'y\n'));
        await lost.rollBack();
        await session.append(records('2024-01-01 00:00:00,3\n'));
        assert.equal((await session.commit()).rows, 3);
        const seen = view('first', 2);
        assert.deepEqual((await read(seen, null, 10)).numbers, [1, 2, 3]);
        assert.deepEqual(await query({ ...seen, tableId: OTHER_TABLE }, {}), { kind: 'no_table' });
      });

      it('leaves no table of a first file that is rolled back', async () => {
        const session = await begin('none', 1);
        await session.append(records('2024-01-01 00:00:00,1\n'));
        await session.rollBack();
        assert.deepEqual(await query(view('none', 1), {}), { kind: 'no_table' });
      });

      it('loads the tables of many customers at the same time', async () => {
        const ids = Array.from({ length: 12 }, (_, index) => `many-${index}`);
        await Promise.all(
          ids.map(async (id) => {
            const session = await begin(id, 1);
            for (let n = 0; n < 3; n++) await session.append(records(`2024-01-01 00:00:00,${n}\n`));
            assert.equal((await session.commit()).rows, 3);
          }),
        );
      });
    });

    describe('names of columns', () => {
      const names = [
        'rowid',
        '_thena_upload',
        'c1',
        'C0',
        'v0',
        'rows',
        'select',
        'a"b',
        "it's",
        'a.b',
        '\\',
        '\u{1F600}',
      ];
      const columns = names.map((name) => ({ name, type: 'integer' }) as const);
      const row = (n: number) => names.map((_, index) => BigInt(100 * n + index));
      const seen = (id: string): TableView => ({ ...view(id, 2), columns });

      /** Appends rows 0 and 1 in the table's order of columns, and row 2 of a later file in the opposite order. */
      async function loadNamed(id: string): Promise<void> {
        const load = { ...tableOf(id), columns, timeColumn: null };
        const first = await made.store.begin({
          ...load,
          tag: 1,
          file: parsedFile(columns),
          create: true,
        });
        await first.append(made.source(names, `${row(0).join()}\n${row(1).join()}\n`));
        await first.commit();
        const formats = columns.toReversed();
        const second = await made.store.begin({
          ...load,
          tag: 2,
          file: parsedFile(formats),
          create: false,
        });
        await second.append(made.source(names.toReversed(), `${row(2).toReversed().join()}\n`));
        await second.commit();
      }

      it('mean nothing to the store', async () => {
        await loadNamed('names');
        const page = { columns, where: null, after: null, limit: 10 };
        const outcome = await made.store.rows(seen('names'), page, LIMITS);
        assert(outcome.kind === 'rows');
        assert.deepEqual(
          outcome.rows.toSorted(([a], [b]) => Number(a) - Number(b)),
          [row(0), row(1), row(2)],
        );
        for (const [index, column] of columns.entries()) {
          const operand = { kind: 'column', column } as const;
          const counted = await query(seen('names'), {
            groupBy: [{ column, bucket: null, as: column.name }],
            measures: [{ ...SUM, fn: 'max', column, as: column.name }],
            where: { kind: 'compare', operand, op: '>=', value: 200n },
          });
          const value = BigInt(200 + index);
          assert.deepEqual(counted, { kind: 'rows', rows: [[value, value]] }, column.name);
        }
      });

      it('come out of exports as they are, in the order of the request', async () => {
        await loadNamed('exported-names');
        const request = { columns: columns.toReversed(), where: null, format: 'csv', escapeFormulas: false } as const;
        const chunks = await Array.fromAsync(made.store.export(seen('exported-names'), request, LIMITS));
        const [head, ...lines] = Buffer.concat(chunks).toString().trimEnd().split('\n');
        assert.equal(head, names.toReversed().join(',').replace('a"b', '"a""b"'));
        assert.deepEqual(
          lines.toSorted(),
          [0, 1, 2].map((n) => row(n).toReversed().join()),
        );
      });

      it('are refused by the store if the table has no such column', async () => {
        await loadNamed('unknown-names');
        const unknown = { name: 'ROWID', type: 'integer' } as const;
        const page = { columns: [unknown], where: null, after: null, limit: 10 };
        await assert.rejects(made.store.rows(seen('unknown-names'), page, LIMITS), /no column/);
      });
    });

    describe('deleting', () => {
      it('purges attempts, unless the table does not exist', async () => {
        await load('purged', 1, 0, 1);
        await load('purged', 2, 1, 2);
        await made.store.purge(tableOf('purged'), [1]);
        assert.deepEqual((await read(view('purged', 2), null, 10)).numbers, [1]);
        await assert.rejects(made.store.purge(tableOf('never-created'), [1]), { reason: 'failed' });
      });

      it('drops a table, and one that does not exist', async () => {
        await load('dropped', 1, 0, 1);
        const other = await begin('dropped', 2, FORMATS, true, OTHER_TABLE);
        await other.append(records('2024-01-01 00:00:00,1\n'));
        for (let time = 0; time < 2; time++) {
          await made.store.drop(tableOf('dropped'));
          assert.deepEqual(await query(view('dropped', 1), {}), { kind: 'no_table' });
        }
        assert.equal((await other.commit()).rows, 1, 'another table of the customer stays');
      });
    });

    describe('reading rows', () => {
      it('returns every type of value as it was written', async () => {
        const columns = [
          { name: 'integer', type: 'integer' },
          { name: 'number', type: 'number' },
          { name: 'boolean', type: 'boolean' },
          { name: 'date', type: 'date' },
          { name: 'timestamp', type: 'timestamp' },
          { name: 'text', type: 'text' },
        ] as const;
        const formats = columns.map((column) => ({ ...column }));
        const session = await begin('types', 1, formats);
        const source = made.source(
          columns.map((column) => column.name),
          '-9223372036854775808,-0.5,true,2024-02-29,2024-02-29T23:59:59.000001Z,"a ""b""\n,c"\n',
          ',,,,,\n,,,,,""\n',
        );
        await session.append(source);
        await session.commit();
        const page = { columns, where: null, after: null, limit: 10 };
        const outcome = await made.store.rows({ ...view('types', 1), columns }, page, LIMITS);
        assert(outcome.kind === 'rows');
        const [nulls, empty] = [null, ''].map((text) => [null, null, null, null, null, text]);
        const time = micros(2024, 2, 29) + 86_399_000_001n;
        const values = [-9223372036854775808n, -0.5, true, micros(2024, 2, 29), time, 'a "b"\n,c'];
        // The order of an upload's rows is up to the store.
        const found = [values, nulls, empty].map((row) => outcome.rows.some((each) => isSame(each, row ?? [])));
        assert.deepEqual([found, outcome.rows.length], [[true, true, true], 3]);
      });

      it('pages through committed rows, from positions that purges do not move', async () => {
        const id = 'pages';
        await load(id, 1, 0, 150_000);
        await load(id, 2, 150_000, 151_000);
        await load(id, 3, 151_000, 300_000);
        await load(id, 4, 300_000, 301_000);
        const seen = view(id, 4, 1, 3);
        const first = await read(seen, null, 700);
        await made.store.purge(tableOf(id), [1]);
        await load(id, 5, 301_000, 302_000);
        const second = await read(seen, first.next, 700);
        await made.store.purge(tableOf(id), [3]);
        await load(id, 6, 302_000, 303_000);
        const third = await read(seen, second.next, 700);
        const found = [...first.numbers, ...second.numbers, ...third.numbers];
        const expected = [150_000, 300_000].flatMap((from) => Array.from({ length: 1000 }, (_, index) => from + index));
        assert.deepEqual(
          found.toSorted((a, b) => a - b),
          expected,
        );
        assert.ok(found.slice(0, 1000).every((n) => n < 151_000));
        assert.equal(third.next, null);
        const later = await read(view(id, 6, 1, 3), second.next, 1000);
        assert.equal(later.numbers.length, 1000, 'rows committed later come after the position');
        await made.store.purge(tableOf(id), [2]);
        const page = { columns: [N], where: null, after: first.next, limit: 1 };
        assert.deepEqual(await made.store.rows(seen, page, LIMITS), { kind: 'no_position' });
      });

      it('starts a page at the row with a given place in its upload, also after purges', async () => {
        const id = 'addresses';
        await load(id, 1, 0, 130_000);
        await load(id, 2, 130_000, 131_000);
        await load(id, 3, 131_000, 132_000);
        const seen = view(id, 3, 2);
        const at = async (tag: number, offset: number, rowsBefore: number) => {
          const after = { tag, offset, rowsBefore };
          const outcome = await made.store.rows(seen, { columns: [N], where: null, after, limit: 2 }, LIMITS);
          return outcome.kind === 'rows' ? outcome.rows : outcome.kind;
        };
        const all = await made.store.rows(seen, { columns: [N], where: null, after: null, limit: 200_000 }, LIMITS);
        assert(all.kind === 'rows');
        for (const purged of [[], [2]]) {
          await made.store.purge(tableOf(id), purged);
          for (const row of [0, 77_777, 129_999, 130_000, 130_999]) {
            const [tag, offset, before] = row < 130_000 ? [1, row, 0] : [3, row - 130_000, 130_000];
            assert.deepEqual(await at(tag as number, offset as number, before as number), all.rows.slice(row, row + 2));
          }
        }
      });

      it('refuses a position that no page returned', async () => {
        await load('positions', 1, 0, 1);
        const page = { columns: [N], where: null, after: 'x', limit: 1 };
        assert.deepEqual(await made.store.rows(view('positions', 1), page, LIMITS), { kind: 'no_position' });
      });

      it('returns every row while others are deleted and added', async () => {
        const id = 'concurrent';
        await load(id, 1, 0, 1);
        for (let round = 1; round <= 15; round++) {
          const tag = 10 * round;
          await load(id, tag, 0, 130_000);
          await load(id, tag + 1, 0, 1000);
          const seen = view(id, tag + 1, 1, tag, ...Array.from({ length: round - 1 }, (_, index) => 10 * index + 11));
          let isDone = false;
          const purged = made.store.purge(tableOf(id), [tag]).then(() => {
            isDone = true;
          });
          do {
            // The pause differs in each round, to read at different moments of the purge.
            await sleep(round);
            const all = await read(seen, null, 2000);
            assert.equal(all.numbers.length, 1000, `round ${round}`);
            assert.equal(all.numbers[0], 0);
          } while (!isDone);
          await purged;
        }
      });

      it('finds rows by a condition, however far apart they are', async () => {
        await load('sparse', 1, 0, 200_000);
        const values = [3n, 70_000n, 199_999n];
        const where: Condition = { kind: 'in', operand: { kind: 'column', column: N }, values };
        const first = await read(view('sparse', 1), null, 2, where);
        const second = await read(view('sparse', 1), first.next, 2, where);
        const found = [...first.numbers, ...second.numbers].toSorted((a, b) => a - b);
        assert.deepEqual([found, second.next], [values.map(Number), null]);
      });
    });

    describe('querying', () => {
      it('sees the rows of committed uploads only', async () => {
        await load('query', 1, 0, 10);
        await load('query', 2, 10, 20);
        await load('query', 3, 20, 30);
        const outcome = await query(view('query', 2, 1), { measures: [COUNT, SUM] });
        assert.deepEqual(outcome, { kind: 'rows', rows: [[10n, 145n]] });
      });

      it('groups, filters and orders', async () => {
        await load('grouped', 1, 0, 5);
        await load('grouped', 2, 3, 8);
        const outcome = await query(view('grouped', 2), {
          groupBy: [{ column: N, bucket: null, as: 'n' }],
          where: { kind: 'compare', operand: { kind: 'column', column: N }, op: '>=', value: 3n },
          having: { kind: 'compare', operand: { kind: 'output', index: 1, type: 'integer' }, op: '=', value: 2n },
          orderBy: [{ index: 0, descending: true, nullsFirst: false }],
        });
        assert.deepEqual(outcome, {
          kind: 'rows',
          rows: [
            [4n, 2n],
            [3n, 2n],
          ],
        });
      });

      it('stops at its limits, or when the client disconnects', async () => {
        await load('limited', 1, 0, 1000);
        const groups: Partial<QueryPlan> = { groupBy: [{ column: N, bucket: null, as: 'n' }] };
        const of = view('limited', 1);
        assert.deepEqual(await query(of, groups, { maxRows: 999 }), { kind: 'too_many_rows' });
        assert.deepEqual(await query(of, groups, { maxBytes: 999 }), { kind: 'too_many_bytes' });
        assert.deepEqual(await query(of, {}, { signal: AbortSignal.abort() }), { kind: 'cancelled' });
      });
    });

    describe('exporting', () => {
      it('writes the rows of the view in every format', async () => {
        await load('export', 1, 0, 40_000);
        await load('export', 2, 40_000, 60_000);
        for (const format of EXPORT_FORMATS) {
          const request = { columns: [N], where: null, format, escapeFormulas: false };
          let bytes = 0;
          for await (const chunk of made.store.export(view('export', 2, 1), request, LIMITS)) bytes += chunk.length;
          assert.ok(bytes > 20_000, `${format}: ${bytes}`);
          if (format === 'csv') assert.equal(bytes, 'n\n'.length + 20_000 * '40000\n'.length);
        }
      });

      it('lets others write to the table, or drop it, while the client does not read', async () => {
        await load('slow', 1, 0, 100_000);
        const request = { columns: [N], where: null, format: 'csv', escapeFormulas: false } as const;
        const chunks = made.store.export(view('slow', 1), request, LIMITS);
        assert.ok((await chunks.next()).value);
        await load('slow', 2, 100_000, 100_010);
        assert.ok((await chunks.next()).value, 'continues after an upload');
        await made.store.drop(tableOf('slow'));
        await assert.rejects(Array.fromAsync(chunks), { name: 'ExportEnded', kind: 'no_table' });
      });

      it('ends when the client disconnects, or if there is no table', async () => {
        await load('disconnected', 1, 0, 10);
        for (const format of EXPORT_FORMATS) {
          const request = { columns: [N], where: null, format, escapeFormulas: false };
          const limits = { ...LIMITS, signal: AbortSignal.abort() };
          const cancelled = Array.fromAsync(made.store.export(view('disconnected', 1), request, limits));
          await assert.rejects(cancelled, { name: 'ExportEnded', kind: 'cancelled' });
          const missing = Array.fromAsync(made.store.export(view('never-created', 1), request, LIMITS));
          await assert.rejects(missing, { name: 'ExportEnded', kind: 'no_table' });
        }
      });
    });
  });
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, index) => Object.is(value, other[index]));
}
