import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CommitUpload } from '../../../src/catalog/upload-queue.ts';
import type { ColumnType, LogicalType } from '../../../src/model/columns.ts';
import { NOTHING_SETTLED } from '../../../src/model/value-format.ts';
import { type CatalogUnderTest, OPTIONS } from './catalog-under-test.ts';

/** A column of a type, and its parts if it has several. */
type Typed = readonly [type: ColumnType, ...parts: ColumnType[]];

const TIMES = { firstRowAt: 1n, earliestAt: 1n, latestAt: 2n };
const NO_TIMES = { firstRowAt: null, earliestAt: null, latestAt: null };

export function columnTypesContract(t: CatalogUnderTest): void {
  /** A commit whose plan has this column, with values of one type that need another. */
  const using = (
    [type, ...parts]: Typed,
    stored: LogicalType | null = null,
    needs = stored,
  ): Pick<CommitUpload, 'columns' | 'uses' | 'timeColumn'> => ({
    columns: [{ name: 'c', type, settled: NOTHING_SETTLED, ...(parts.length > 0 ? { parts } : {}) }],
    uses: stored === null || needs === null ? [] : [{ name: 'c', stored, needs }],
    timeColumn: null,
  });

  async function column(): Promise<Typed | null> {
    const first = (await t.tableOf('a'))?.columns[0];
    return first ? [first.type, ...(first.parts ?? [])] : null;
  }

  describe('the type of a column', () => {
    it('is that which all committed uploads need, with the types in which their values are stored', async () => {
      const first = await t.appended('a', using(['integer'], 'integer'));
      assert.deepEqual([first.receipt?.widened, await column()], [[], ['integer']]);
      const decimals = await t.appended('a', using(['number', 'integer', 'number'], 'number'));
      assert.deepEqual(decimals.receipt?.widened, [{ name: 'c', from: 'integer', to: 'number' }]);
      assert.deepEqual(await column(), ['number', 'integer', 'number']);
      const whole = await t.appended('a', using(['number', 'integer', 'number'], 'number', 'integer'));
      assert.deepEqual(whole.receipt?.widened, []);
      const text = await t.appended('a', using(['text', 'integer', 'number', 'text'], 'text'));
      assert.deepEqual(text.receipt?.widened, [{ name: 'c', from: 'number', to: 'text' }]);
      await t.catalog.undoUpload(decimals.id);
      assert.deepEqual(await column(), ['text', 'integer', 'number', 'text']);
      await t.catalog.undoUpload(text.id);
      assert.deepEqual(await column(), ['integer', 'integer', 'number'], 'whole numbers are still stored as numbers');
      await t.catalog.undoUpload(whole.id);
      assert.deepEqual(await column(), ['integer']);
    });

    it('is unchanged by a dry run, which reports what it would be', async () => {
      await t.appended('a', using(['integer'], 'integer'));
      const { id } = await t.receiving('a', { options: { ...OPTIONS, dryRun: true } });
      await t.acknowledged(id);
      const dry = await t.commit(await t.claimed(), {
        ...using(['number', 'integer', 'number'], 'number'),
        dryRun: true,
      });
      assert.deepEqual(dry.receipt?.widened, [{ name: 'c', from: 'integer', to: 'number' }]);
      assert.deepEqual(await column(), ['integer']);
    });

    it('is unknown until an upload has values, and when those are undone', async () => {
      await t.appended('a', { ...using(['unknown']), ...NO_TIMES });
      const settled = { ...NOTHING_SETTLED, order: 'dmy' } as const;
      const { columns, ...use } = using(['date', 'unknown', 'date'], 'date');
      const dates = { ...use, columns: columns.map((each) => ({ ...each, settled })), timeColumn: 'c', ...TIMES };
      const first = await t.appended('a', dates);
      const second = await t.appended('a', dates);
      assert.deepEqual(first.receipt?.widened, [{ name: 'c', from: 'unknown', to: 'date' }]);
      assert.deepEqual([(await t.tableOf('a'))?.timeColumn, (await t.tableOf('a'))?.latestAt], ['c', 2n]);
      await t.catalog.undoUpload(first.id);
      assert.deepEqual((await t.tableOf('a'))?.columns[0]?.settled, settled);
      assert.deepEqual(await column(), ['date', 'unknown', 'date']);
      await t.catalog.undoUpload(second.id);
      const table = await t.tableOf('a');
      assert.deepEqual(table?.columns, [{ name: 'c', type: 'unknown', settled: NOTHING_SETTLED }]);
      assert.deepEqual([table?.timeColumn, table?.latestAt], [null, null]);
    });

    it('follows the uploads that are left if others are undone during an attempt', async () => {
      const first = await t.appended('a', using(['integer'], 'integer'));
      const decimals = await t.appended('a', using(['number', 'integer', 'number'], 'number'));
      await t.received('a');
      const during = await t.claimed();
      await t.catalog.undoUpload(decimals.id);
      assert.deepEqual(await column(), ['integer']);
      const whole = await t.commit(during, using(['number', 'integer', 'number'], 'number', 'integer'));
      assert.deepEqual(whole.receipt?.widened, []);
      assert.deepEqual(await column(), ['integer', 'integer', 'number']);
      await t.received('a');
      const last = await t.claimed();
      for (const { id } of [first, whole]) await t.catalog.undoUpload(id);
      assert.deepEqual(await column(), null);
      await t.commit(last, using(['number', 'integer', 'number'], 'number'));
      assert.deepEqual(await column(), ['number', 'integer', 'number']);
    });
  });
}
