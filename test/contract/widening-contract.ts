import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ColumnType, StoredColumn } from '../../src/model/columns.ts';
import type { Measure, MeasureFunction } from '../../src/table-store/query-plan.ts';
import { parsedFile, tableOf } from '../builders.ts';
import type { StoreUnderTest } from './store-under-test.ts';

const signal = new AbortController().signal;
const LIMITS = { maxRows: 100, maxBytes: 1_000_000, deadlineMs: 60_000, chunkMs: 60_000, signal };

/** What a table store has to do with columns that are stored in several types. */
export function wideningContract(store: () => StoreUnderTest): void {
  const columnOf = (type: ColumnType, ...parts: ColumnType[]): StoredColumn =>
    parts.length === 0 ? { name: 'n', type } : { name: 'n', type, parts };

  /** Loads texts as values of the column's type, without a commit in a catalog. */
  async function load(id: string, tag: number, column: StoredColumn, ...texts: readonly string[]) {
    const session = await store().store.begin({
      ...tableOf(id),
      tag,
      columns: [column],
      file: parsedFile([column]),
      timeColumn: null,
      create: tag === 1,
    });
    await session.append(store().source(['n'], texts.map((text) => `${text}\n`).join('')));
    assert.equal((await session.commit()).rows, texts.length);
    return session;
  }

  const viewOf = (id: string, column: StoredColumn, lastTag: number, ...uncommittedTags: number[]) => {
    return { ...tableOf(id), columns: [column], uncommittedTags, lastTag };
  };

  async function values(id: string, column: StoredColumn, lastTag: number, ...uncommitted: number[]) {
    const page = { columns: [{ name: 'n', type: column.type }], where: null, after: null, limit: 100 };
    const outcome = await store().store.rows(viewOf(id, column, lastTag, ...uncommitted), page, LIMITS);
    assert(outcome.kind === 'rows', outcome.kind);
    return outcome.rows.map(([value]) => value);
  }

  async function measured(id: string, column: StoredColumn, lastTag: number, fn: MeasureFunction) {
    const measure: Measure = { fn, column, q: null, by: null, as: fn, type: fn === 'count' ? 'integer' : column.type };
    const plan = { groupBy: [], measures: [measure], where: null, having: null, orderBy: [], limit: null };
    const outcome = await store().store.query(
      { ...viewOf(id, column, lastTag), rows: 9, timeRange: null },
      plan,
      LIMITS,
    );
    assert(outcome.kind === 'rows', outcome.kind);
    return outcome.rows[0]?.[0];
  }

  describe('a widened column', () => {
    it('is read as one, whichever type its values are stored in', async () => {
      await load('wide', 1, columnOf('integer'), '5', '-7');
      const number = columnOf('number', 'integer', 'number');
      await load('wide', 2, number, '0.5');
      await load('wide', 3, number, '8');
      assert.deepEqual(await values('wide', number, 3), [5, -7, 0.5, 8]);
      assert.deepEqual([await measured('wide', number, 3, 'sum'), await measured('wide', number, 3, 'min')], [6.5, -7]);
      const text = columnOf('text', 'integer', 'number', 'text');
      await load('wide', 4, text, '007');
      assert.deepEqual(await values('wide', text, 4), ['5', '-7', '0.5', '8', '007']);
      assert.deepEqual(await measured('wide', text, 4, 'max'), '8');
    });

    it('looks the same as before until its new type is committed, and after the upload is rolled back', async () => {
      await load('rolled', 1, columnOf('integer'), '5');
      const session = await load('rolled', 2, columnOf('number', 'integer', 'number'), '0.5', '1e300', 'nan');
      assert.deepEqual(await values('rolled', columnOf('integer'), 2, 2), [5n]);
      await session.rollBack();
      assert.deepEqual(await values('rolled', columnOf('integer'), 2), [5n]);
    });

    it('is read as integer again, with the whole numbers that were stored as numbers', async () => {
      await load('narrow', 1, columnOf('integer'), '5');
      const number = columnOf('number', 'integer', 'number');
      await load('narrow', 2, number, '0.5', '1e300', 'nan');
      await load('narrow', 3, number, '8', '1152921504606847000', '-1152921504606847000');
      const integer = columnOf('integer', 'integer', 'number');
      assert.deepEqual(await values('narrow', integer, 3, 2), [5n, 8n, 1152921504606847000n, -1152921504606847000n]);
      const where = { kind: 'compare', operand: { kind: 'column', column: integer }, op: '>', value: 6n } as const;
      const page = { columns: [integer], where, after: null, limit: 9 };
      const outcome = await store().store.rows(viewOf('narrow', integer, 3, 2), page, LIMITS);
      assert(outcome.kind === 'rows' && outcome.rows.length === 2, outcome.kind);
    });

    it('has canonical texts for earlier values of each type', async () => {
      for (const [id, type, text, read] of [
        ['t-integer', 'integer', '-9223372036854775808', '-9223372036854775808'],
        ['t-whole', 'number', '5.00', '5'],
        ['t-decimal', 'number', '0.10', '0.1'],
        ['t-large', 'number', '1152921504606847000', '1152921504606847000'],
        ['t-exponent', 'number', '1e20', '1e+20'],
        ['t-small', 'number', '0.00001', '1e-05'],
        ['t-nan', 'number', 'nan', 'NaN'],
        ['t-infinite', 'number', '-inf', '-Infinity'],
        ['t-boolean', 'boolean', 'TRUE', 'true'],
        ['t-date', 'date', '2024-02-29', '2024-02-29'],
        ['t-time', 'timestamp', '2024-02-29 12:30:00.5', '2024-02-29T12:30:00.5Z'],
      ] as const) {
        await load(id, 1, columnOf(type), text);
        const column = columnOf('text', type, 'text');
        await load(id, 2, column, 'x');
        assert.deepEqual(await values(id, column, 2), [read, 'x'], id);
      }
    });

    it('may have had no values at first', async () => {
      await load('empty', 1, columnOf('unknown'), '', '');
      assert.deepEqual(await values('empty', columnOf('unknown'), 1), [null, null]);
      assert.deepEqual(await measured('empty', columnOf('unknown'), 1, 'count'), 0n);
      const boolean = columnOf('boolean', 'unknown', 'boolean');
      await load('empty', 2, boolean, 'true');
      assert.deepEqual(await values('empty', boolean, 2), [null, null, true]);
    });
  });

  describe('integers that may become numbers', () => {
    it('must all be written in the same digits as a 64-bit float, among the rows that are visible', async () => {
      const { store: tables } = store();
      const keeps = (id: string, lastTag: number, ...uncommitted: number[]) =>
        tables.keepsIntegersAsNumbers(viewOf(id, columnOf('integer'), lastTag, ...uncommitted), 'n', signal);
      await load('exact', 1, columnOf('integer'), '5', '9007199254740992', '-1152921504606847000');
      assert.equal(await keeps('exact', 1), true);
      await load('exact', 2, columnOf('integer'), '-9007199254740993');
      // 2^60 is such a float, which is written 1152921504606847000.
      await load('exact', 3, columnOf('integer'), '1152921504606846976');
      assert.deepEqual(
        [await keeps('exact', 2), await keeps('exact', 3, 2), await keeps('exact', 3, 2, 3)],
        [false, false, true],
      );
    });
  });
}
