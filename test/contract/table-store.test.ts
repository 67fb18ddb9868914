import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import type { CsvSource } from '../../src/csv/segment.ts';
import { type CustomerId, parseCustomerId } from '../../src/table/ids.ts';
import { duckdbTableStore } from '../../src/table-store/duckdb/duckdb-table-store.ts';
import type { TableStore } from '../../src/table-store/table-store.ts';
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
        store: duckdbTableStore(running.engine, running.tables),
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

const READING = [
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
        columns: READING,
        reading: READING,
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
        await assert.rejects(session.append(rows(`2024-01-01 00:00:00,1\n2024-01-01 00:00:00,${bad}\n`)), bad);
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

    it('hold the values themselves, and the tag in the hidden column', async () => {
      assert.deepEqual(await opened.rows(customer('undone')), [['2024-01-01 00:00:00', '1', 1]]);
    });
  });
}
