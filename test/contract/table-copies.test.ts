import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import type { StoredColumn } from '../../src/model/columns.ts';
import type { CustomerId, TableId } from '../../src/model/ids.ts';
import { ClickhouseServers } from '../../src/table-store/clickhouse/clickhouse-servers.ts';
import { clickhouseTableCopies } from '../../src/table-store/clickhouse/clickhouse-table-copies.ts';
import { duckdbTableCopies, fileChecksums } from '../../src/table-store/duckdb/duckdb-table-copies.ts';
import type { RowsToCopy, StoredTable, TableCopies } from '../../src/table-store/table-copies.ts';
import {
  CLUSTER,
  NO_CLICKHOUSE,
  type ClickhouseServers as Servers,
  startClickhouse,
} from '../cluster/clickhouse-server.ts';
import { type EngineInFolder, engineInFolder } from '../engine/engine-in-folder.ts';
import { queryFile } from '../engine/query-file.ts';

const skip = NO_CLICKHOUSE ?? false;

const COLUMNS: readonly StoredColumn[] = [
  { name: 'n', type: 'text', parts: ['integer', 'number', 'text'] },
  { name: 'flag', type: 'boolean' },
  { name: 'day', type: 'date' },
  { name: 'at', type: 'timestamp' },
  { name: 'never', type: 'unknown' },
];
/** As DuckDB's table stores it: what widens a column comes after the tag. */
const DEFINITION = `(c0 BIGINT, c1 BOOLEAN, c2 DATE, c3 TIMESTAMP, c4 BOOLEAN, _thena_upload INTEGER NOT NULL, c0_number DOUBLE, c0_text VARCHAR)`;
const EDGES = `(NULL, NULL, NULL, NULL, NULL, NULL),
  (-9223372036854775808, 'NaN'::DOUBLE, true, DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00', ''),
  (9223372036854775807, '-0.0'::DOUBLE, false, DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999', 'ä"''' || chr(10)),
  (0, 'Infinity'::DOUBLE, NULL, DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.999999', chr(0) || 'x'),
  (1, '-Infinity'::DOUBLE, NULL, DATE '1970-01-01', TIMESTAMP '1970-01-01', repeat('long ', 1000)),
  (2, 5e-324, NULL, NULL, NULL, '5e-324'), (3, 0.1, NULL, NULL, NULL, NULL), (4, 0.0, NULL, NULL, NULL, '😀')`;

const table: StoredTable = {
  customerId: 'a-customer' as CustomerId,
  tableId: '0123456789ab' as TableId,
  columns: COLUMNS,
  timeColumn: 'at',
};

/** The engine has one file of a name. */
const again: StoredTable = { ...table, tableId: 'ba9876543210' as TableId };

let running: EngineInFolder;
beforeEach(async () => {
  running = await engineInFolder({ memoryBytes: 256 * 1024 * 1024 });
});
afterEach(() => running.close());

const chunk = (): string => join(running.storeSettings.exports, 'chunk.parquet');

/** Copies rows, and compares both sides. */
async function copied(from: TableCopies, to: TableCopies, rows: RowsToCopy, target = table): Promise<number> {
  const checksums = fileChecksums(running.engine);
  await from.write(table, rows, chunk());
  const written = await checksums(table, chunk());
  if (written.rows === 0) return 0;
  await to.append(target, chunk(), rows);
  await to.write(target, rows, chunk());
  assert.deepEqual(await checksums(table, chunk()), written);
  return written.rows;
}

for (const shards of [1, 2]) {
  test(`a table is the same after it was moved to ${shards} ClickHouse and back`, { skip }, async () => {
    const servers: Servers = await startClickhouse({ shards });
    const connection = new ClickhouseServers({ urls: servers.urls, cluster: shards > 1 ? CLUSTER : null });
    try {
      const folder = join(running.tables, String(shards));
      mkdirSync(folder);
      const [first, second] = [table, again].map(({ tableId }) => join(folder, `a-customer_${tableId}.duckdb`)) as [
        string,
        string,
      ];
      await queryFile(
        first,
        `CREATE TABLE rows ${DEFINITION};
         INSERT INTO rows BY NAME SELECT 7 AS c0, 'undone' AS c0_text, 1 AS _thena_upload;
         INSERT INTO rows BY NAME SELECT *, 2 AS _thena_upload FROM (VALUES ${EDGES}) v(c0, c0_number, c1, c2, c3, c0_text);
         INSERT INTO rows BY NAME SELECT range AS c0, range || ' rows' AS c0_text, 3 AS _thena_upload FROM range(300000);
         INSERT INTO rows BY NAME SELECT range AS c0, 5 + range % 2 AS _thena_upload FROM range(10) ORDER BY 2, 1;`,
      );
      const duckdb = duckdbTableCopies(running.engine, folder);
      const clickhouse = clickhouseTableCopies(connection, { engine: 'MergeTree', onCluster: null });

      assert.deepEqual(await duckdb.fewTexts(table), []);
      await clickhouse.create(table, ['c0_text']);
      await clickhouse.create(table, []);
      await duckdb.create(again, []);
      const units = [
        { tags: [2], offset: 0 },
        { tags: [3], offset: 0 },
        { tags: [3], offset: 250_000 },
        { tags: [5, 6], offset: 0 },
      ];
      const counts = [8, 250_000, 50_000, 10];
      for (const [index, unit] of units.entries()) assert.equal(await copied(duckdb, clickhouse, unit), counts[index]);
      assert.equal(await copied(duckdb, clickhouse, { tags: [3], offset: 300_000 }), 0);
      assert.equal(await clickhouse.count(table, [2, 3, 5, 6]), 300_018);
      assert.equal(await clickhouse.count(table, [1, 4]), 0);
      // As a proxy may do. Each shard gets the same again.
      for (const unit of units) {
        await duckdb.write(table, unit, chunk());
        await clickhouse.append(table, chunk(), unit);
      }
      assert.equal(await clickhouse.count(table, [2, 3, 5, 6]), 300_018);
      for (const [index, unit] of units.entries())
        assert.equal(await copied(clickhouse, duckdb, unit, again), counts[index]);
      assert.equal(await duckdb.count(again, [5]), 5);
      await duckdb.create(again, []);
      assert.equal(await duckdb.count(again, [2, 3, 5, 6]), 300_018, 'a table that exists is kept');

      // Each shard gets one of two copies, so that the second one would be a repetition there.
      for (let copies = 0; copies < 2 * shards; copies++) {
        await clickhouse.remove(table, [5, 6]);
        assert.equal(
          await copied(duckdb, clickhouse, { tags: [5, 6], offset: 0 }),
          10,
          'after the same rows were removed',
        );
      }
      assert.deepEqual((await clickhouse.tags(table)).toSorted(), [2, 3, 5, 6]);
      assert.deepEqual((await duckdb.tags(again)).toSorted(), [2, 3, 5, 6]);

      await running.engine.close();
      const all = `SELECT CAST(columns(*) AS VARCHAR) FROM rows WHERE _thena_upload > 1 AND _thena_upload <> 3 ORDER BY rowid`;
      assert.deepEqual(await queryFile(second, all), await queryFile(first, all));
      const moved = `SELECT count(*) FROM (SELECT c0, rowid - 8 AS place FROM rows WHERE _thena_upload = 3) WHERE c0 <> place`;
      assert.deepEqual(await queryFile(second, moved), [[0n]], 'the order of the rows is the same');
    } finally {
      await connection.close();
      await servers.remove();
    }
  });
}

test('files of a wide table have fewer rows', { skip }, async () => {
  const servers: Servers = await startClickhouse({ shards: 1 });
  const connection = new ClickhouseServers({ urls: servers.urls, cluster: null });
  try {
    const columns = Array.from({ length: 400 }, (_, index) => ({ name: `n${index}`, type: 'integer' as const }));
    const wide = { ...table, columns, timeColumn: null };
    const names = columns.map((_, index) => `c${index}`);
    await queryFile(
      join(running.tables, `${wide.customerId}_${wide.tableId}.duckdb`),
      `CREATE TABLE rows (${names.map((name) => `${name} BIGINT`).join(', ')}, _thena_upload INTEGER NOT NULL);
       INSERT INTO rows BY NAME SELECT range AS c0, 1 AS _thena_upload FROM range(30000);`,
    );
    const duckdb = duckdbTableCopies(running.engine, running.tables);
    const clickhouse = clickhouseTableCopies(connection, { engine: 'MergeTree', onCluster: null });
    await clickhouse.create(wide, []);
    const checksums = fileChecksums(running.engine);
    const counts: number[] = [];
    for (let offset = 0; offset < 30_000; offset += counts.at(-1) ?? 0) {
      const part = { tags: [1], offset };
      await duckdb.write(wide, part, chunk());
      const written = await checksums(wide, chunk());
      await clickhouse.append(wide, chunk(), part);
      await clickhouse.write(wide, part, chunk());
      assert.deepEqual(await checksums(wide, chunk()), written);
      counts.push(written.rows);
    }
    assert.deepEqual(counts, [10_485, 10_485, 9_030]);
  } finally {
    await connection.close();
    await servers.remove();
  }
});

test('a table of a thousand columns of texts is copied out of ClickHouse', { skip }, async () => {
  const servers: Servers = await startClickhouse({ shards: 1 });
  const connection = new ClickhouseServers({ urls: servers.urls, cluster: null });
  try {
    const columns = Array.from({ length: 1000 }, (_, index) => ({ name: `column ${index}`, type: 'text' as const }));
    const wide = { ...table, columns, timeColumn: null };
    const copies = clickhouseTableCopies(connection, { engine: 'MergeTree', onCluster: null });
    await copies.create(wide, []);
    const name = `\`${wide.customerId}_${wide.tableId}\``;
    await connection.reader.run(`INSERT INTO ${name} (c0, c999, _thena_upload, _thena_row) VALUES ('a', 'b', 1, 0)`);
    await copies.write(wide, { tags: [1], offset: 0 }, chunk());
    assert.equal((await fileChecksums(running.engine)(wide, chunk())).rows, 1);
  } finally {
    await connection.close();
    await servers.remove();
  }
});
