import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { DuckDBInstance } from '@duckdb/node-api';
import type { CsvSource } from '../../src/csv/segment.ts';
import { type CustomerId, parseCustomerId } from '../../src/model/ids.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { Condition } from '../../src/table-store/query-plan.ts';
import { EXPORT_FORMATS, type TableStore, type TableView } from '../../src/table-store/table-store.ts';
import { engineInFolder } from '../engine/engine-in-folder.ts';

interface OpenStore {
  readonly store: TableStore;
  source(columns: readonly string[], ...texts: readonly string[]): CsvSource;
  /** All rows of a table, hidden column included, read by other means than the store's. May be called once, at the end. */
  rows(customerId: CustomerId): Promise<readonly (readonly unknown[])[]>;
  close(): Promise<void>;
}

const STORES: readonly { readonly name: string; readonly open: () => Promise<OpenStore> }[] = [
  {
    name: 'DuckDB',
    open: async () => {
      const running = await engineInFolder({ openTables: 2 });
      return {
        store: duckdbTableStore(running.engine, running.storeSettings),
        source: running.source,
        rows: async (customerId) => {
          await running.engine.close();
          const path = join(running.tables, `${customerId}.duckdb`);
          if (!existsSync(path)) return [];
          const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
          const connection = await instance.connect();
          const reader = await connection.runAndReadAll('SELECT * FROM rows ORDER BY ALL');
          connection.closeSync();
          instance.closeSync();
          return reader.getRowsJson();
        },
        close: running.close,
      };
    },
  },
];

const FORMATS = [
  { name: 'at', type: 'timestamp', format: null },
  { name: 'n', type: 'integer', format: null },
] as const;

const customer = (id: string): CustomerId => parseCustomerId(id) as CustomerId;

for (const { name, open } of STORES) {
  describe(`tables in ${name}`, () => {
    let opened: OpenStore;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    const begin = (id: string, tag: number, create: boolean) =>
      opened.store.begin({
        customerId: customer(id),
        tag,
        columns: FORMATS,
        formats: FORMATS,
        timeColumn: 'at',
        create,
        exact: create,
      });
    const rows = (...texts: readonly string[]): CsvSource => opened.source(['at', 'n'], ...texts);

    it('count what an attempt appended, piece by piece, with its earliest and latest time', async () => {
      const session = await begin('pieces', 1, true);
      assert.equal(await session.append(rows('2024-01-02 00:00:00,1\n', '2024-01-03 00:00:00,2\n')), 2);
      assert.equal(await session.append(rows('2024-01-01 00:00:00.000001,3\n')), 1);
      assert.deepEqual(await session.commit(), {
        rows: 3,
        earliestAt: BigInt(Date.UTC(2024, 0, 1)) * 1000n + 1n,
        latestAt: BigInt(Date.UTC(2024, 0, 3)) * 1000n,
      });
    });

    it('append all of a piece or none of it', async () => {
      const session = await begin('whole', 1, true);
      await session.append(rows('2024-01-01 00:00:00,1\n'));
      for (const bad of ['1.5', '007', 'x', '1,2']) {
        const piece = rows(`2024-01-01 00:00:00,1\n2024-01-01 00:00:00,${bad}\n`);
        await assert.rejects(session.append(piece), { name: 'StorageFailure', reason: 'rows_do_not_fit' }, bad);
      }
      assert.equal((await session.commit()).rows, 1);
    });

    it('forget an attempt that is rolled back, and keep the others', async () => {
      const kept = await begin('undone', 1, true);
      await kept.append(rows('2024-01-01 00:00:00,1\n'));
      await kept.commit();
      const undone = await begin('undone', 2, false);
      await undone.append(rows('2024-01-02 00:00:00,2\n'));
      await undone.rollBack();
      const next = await begin('undone', 3, false);
      await next.append(rows('2024-01-03 00:00:00,007\n'));
      assert.equal((await next.commit()).rows, 1);
      await opened.store.purge(customer('undone'), [3]);
      await opened.store.purge(customer('never-there'), [1]);
    });

    it('begin anew where an earlier attempt at a first file left something', async () => {
      const dead = await begin('leftover', 1, true);
      await dead.append(rows('2024-01-01 00:00:00,1\n'));
      const session = await begin('leftover', 2, true);
      await session.append(rows('2024-01-01 00:00:00,2\n'));
      assert.equal((await session.commit()).rows, 1);
    });

    it('are dropped, and dropping one that is not there is no error', async () => {
      const session = await begin('dropped', 1, true);
      await session.commit();
      await opened.store.drop(customer('dropped'));
      await opened.store.drop(customer('dropped'));
      const again = await begin('dropped', 1, true);
      assert.equal((await again.commit()).rows, 0);
    });

    it('serve more customers at once than are kept open', async () => {
      const ids = Array.from({ length: 12 }, (_, index) => `many-${index}`);
      await Promise.all(
        ids.map(async (id) => {
          const session = await begin(id, 1, true);
          for (let piece = 0; piece < 3; piece++) await session.append(rows(`2024-01-01 00:00:00,${piece}\n`));
          assert.equal((await session.commit()).rows, 3);
        }),
      );
    });

    /** Appends whole numbers, at days that rise with them. */
    async function load(id: string, tag: number, from: number, to: number): Promise<void> {
      const text = Array.from({ length: to - from }, (_, index) => `2024-01-01 00:00:00,${from + index}\n`).join('');
      const session = await begin(id, tag, tag === 1);
      await session.append(rows(text));
      await session.commit();
    }

    const view = (id: string, lastTag: number, ...uncommittedTags: number[]): TableView => ({
      customerId: customer(id),
      lastTag,
      uncommittedTags,
    });
    const selection = { columns: [FORMATS[1]], where: null };
    const limits = { deadlineMs: 60_000, chunkMs: 60_000, signal: new AbortController().signal };

    async function read(of: TableView, after: string | null, limit: number) {
      const outcome = await opened.store.rows(of, { ...selection, after, limit }, limits);
      assert(outcome.kind === 'rows', outcome.kind);
      return { numbers: outcome.rows.map(([n]) => Number(n)), next: outcome.next };
    }

    it('are read in turn, without what is not committed, from a position that purges do not move', async () => {
      const id = 'read';
      await load(id, 1, 0, 150_000);
      await load(id, 2, 150_000, 151_000);
      await load(id, 3, 151_000, 300_000);
      await load(id, 4, 300_000, 301_000);
      const seen = view(id, 4, 1, 3);
      const first = await read(seen, null, 700);
      await opened.store.purge(customer(id), [1]);
      await load(id, 5, 301_000, 302_000);
      const second = await read(seen, first.next, 700);
      await opened.store.purge(customer(id), [3]);
      await load(id, 6, 302_000, 303_000);
      const third = await read(seen, second.next, 700);
      const found = [...first.numbers, ...second.numbers, ...third.numbers];
      const wanted = [150_000, 300_000].flatMap((from) => Array.from({ length: 1000 }, (_, index) => from + index));
      assert.deepEqual(
        found.toSorted((a, b) => a - b),
        wanted,
      );
      assert.ok(found.slice(0, 1000).every((n) => n < 151_000));
      assert.equal(third.next, null);
      const later = await read(view(id, 6, 1, 3), second.next, 1000);
      assert.equal(later.numbers.length, 1000, 'what is committed later comes behind');
      await opened.store.purge(customer(id), [2]);
      const gone = { ...selection, after: first.next, limit: 1 };
      assert.deepEqual(await opened.store.rows(seen, gone, limits), { kind: 'no_position' });
    });

    it('are read whole while others are taken away and added', async () => {
      const id = 'beside';
      await load(id, 1, 0, 1);
      for (let round = 1; round <= 15; round++) {
        const tag = 10 * round;
        await load(id, tag, 0, 130_000);
        await load(id, tag + 1, 0, 1000);
        const seen = view(id, tag + 1, 1, tag, ...Array.from({ length: round - 1 }, (_, index) => 10 * index + 11));
        let isDone = false;
        const purged = opened.store.purge(customer(id), [tag]).then(() => {
          isDone = true;
        });
        do {
          // A pause now and then: a checkpoint that finds a reader at its start moves nothing.
          await sleep(round);
          const all = await read(seen, null, 2000);
          assert.equal(all.numbers.length, 1000, `round ${round}`);
          assert.equal(all.numbers[0], 0);
        } while (!isDone);
        await purged;
      }
    });

    it('are read by condition, however far apart the rows are', async () => {
      await load('sparse', 1, 0, 200_000);
      const where: Condition = {
        kind: 'in',
        operand: { kind: 'column', column: FORMATS[1] },
        values: [3n, 70_000n, 199_999n],
      };
      const page = { columns: [FORMATS[1]], where, after: null, limit: 2 };
      const first = await opened.store.rows(view('sparse', 1), page, limits);
      assert(first.kind === 'rows');
      const second = await opened.store.rows(view('sparse', 1), { ...page, after: first.next }, limits);
      assert(second.kind === 'rows');
      assert.deepEqual([...first.rows, ...second.rows].flat().toSorted(), [199_999n, 3n, 70_000n].toSorted());
      assert.equal(second.next, null);
    });

    it('are exported in every format, of the state that was seen when it began', async () => {
      await load('export', 1, 0, 40_000);
      await load('export', 2, 40_000, 60_000);
      for (const format of EXPORT_FORMATS) {
        const seen = view('export', 2, 1);
        const request = { ...selection, format, escapeFormulas: false };
        let bytes = 0;
        for await (const piece of opened.store.export(seen, request, limits)) bytes += piece.length;
        assert.ok(bytes > 20_000, `${format}: ${bytes}`);
        if (format === 'csv') assert.equal(bytes, 'n\n'.length + 20_000 * '40000\n'.length);
      }
    });

    it('can be written to and dropped while an export of them is not read on', async () => {
      await load('slow', 1, 0, 100_000);
      const request = { ...selection, format: 'csv', escapeFormulas: false } as const;
      const pieces = opened.store.export(view('slow', 1), request, limits);
      assert.ok((await pieces.next()).value);
      await load('slow', 2, 100_000, 100_010);
      assert.ok((await pieces.next()).value, 'goes on after an upload');
      await opened.store.drop(customer('slow'));
      await assert.rejects(Array.fromAsync(pieces), { name: 'ExportEnded', kind: 'no_table' });
    });

    it('are not exported for who has gone, nor for ever', async () => {
      await load('gone', 1, 0, 10);
      const gone = { ...limits, signal: AbortSignal.abort() };
      for (const format of EXPORT_FORMATS) {
        const request = { ...selection, format, escapeFormulas: false };
        const ended = Array.fromAsync(opened.store.export(view('gone', 1), request, gone));
        await assert.rejects(ended, { name: 'ExportEnded', kind: 'cancelled' });
        const none = Array.fromAsync(opened.store.export(view('never-there', 1), request, limits));
        await assert.rejects(none, { name: 'ExportEnded', kind: 'no_table' });
      }
    });

    it('hold the values themselves, and the tag in the hidden column', async () => {
      assert.deepEqual(await opened.rows(customer('undone')), [['2024-01-01 00:00:00', '1', 1]]);
    });
  });
}
