import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import type { CatalogTables } from '../../src/catalog/kysely/catalog-tables.ts';
import { kyselyCatalog } from '../../src/catalog/kysely/kysely-catalog.ts';
import { LocalNews } from '../../src/catalog/local-news.ts';
import { openSqlite, openSqliteCatalog } from '../../src/catalog/sqlite/open-sqlite.ts';
import type { UploadId } from '../../src/model/ids.ts';
import { SettingError } from '../../src/setting-error.ts';
import { begunDeletion, customerId, newUpload } from '../builders.ts';

const customer = (id: string) => ({ id: customerId(id), timeColumn: null, columns: null });

describe('the catalog file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'thena-sqlite-'));
    path = join(folder, 'catalog.sqlite');
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function pragma(db: Kysely<CatalogTables>, name: string): Promise<unknown> {
    const { rows } = await sql<Record<string, unknown>>`pragma ${sql.raw(name)}`.execute(db);
    return Object.values(rows[0] ?? {})[0];
  }

  it('is flushed to disk by every commit, and enforces foreign keys', async () => {
    const db = await openSqlite(path);
    // On the same connection that the catalog writes with.
    await kyselyCatalog(db, async () => Date.now()).createCustomer(customer('a'));
    const FULL = 2;
    assert.equal(await pragma(db, 'synchronous'), FULL);
    assert.equal(await pragma(db, 'journal_mode'), 'wal');
    assert.equal(await pragma(db, 'fullfsync'), 1);
    assert.equal(await pragma(db, 'foreign_keys'), 1);
    assert.ok(Number(await pragma(db, 'busy_timeout')) > 0);
    await db.destroy();
  });

  it('is accessible only to its owner, like the other files of SQLite', async () => {
    const umask = process.umask(0);
    try {
      await writeFile(path, '', { mode: 0o666 });
      const catalog = await openSqliteCatalog(path);
      await catalog.createCustomer(customer('a'));
      const modes = await Promise.all(
        (await readdir(folder)).map(async (name) => [name, (await stat(join(folder, name))).mode & 0o777]),
      );
      await catalog.close();
      assert.deepEqual(Object.fromEntries(modes), {
        'catalog.sqlite': 0o600,
        'catalog.sqlite-shm': 0o600,
        'catalog.sqlite-wal': 0o600,
      });
    } finally {
      process.umask(umask);
    }
  });

  it('contains everything that was committed if the process ends without closing it', async () => {
    const catalog = await openSqliteCatalog(path);
    await catalog.createCustomer(customer('a'));
    // As after a crash: the files without a checkpoint or any other cleanup.
    const left = join(folder, 'left.sqlite');
    await copyFile(path, left);
    await copyFile(`${path}-wal`, `${left}-wal`);
    const opened = await openSqliteCatalog(left);
    assert.ok(await opened.findCustomer(customer('a').id));
    await opened.close();
    await catalog.close();
  });

  it('is migrated once, even if it is opened twice concurrently', async () => {
    const catalogs = await Promise.all([openSqliteCatalog(path), openSqliteCatalog(path)]);
    for (const catalog of catalogs) await catalog.close();
    const db = await openSqlite(path);
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    assert.deepEqual(
      rows.map(({ name }) => name),
      [
        '0001-first-tables',
        '0002-keys-of-uploads',
        '0003-defaults-of-customers',
        '0004-column-uses-of-uploads',
        '0005-sessions',
        '0006-webhooks',
        '0007-table-ids',
        '0008-requests-and-progress',
        '0009-parallel-writes',
        '0010-resumable-files',
        '0011-nodes',
        '0012-moves',
        '0013-shards',
        '0014-upkeep',
        '0015-node-processes',
        '0016-node-versions',
        '0017-spool-identity',
        '0018-tables-of-moves',
      ],
    );
    await db.destroy();
  });

  it('keeps its uploads and tables when it is migrated, and lets keys that could undo do so still', async () => {
    const catalog = await openSqliteCatalog(path);
    const upload = await catalog.createUpload(newUpload('a'));
    for (const [id, rights] of [
      ['k1', ['read', 'upload']],
      ['k2', ['read']],
    ] as const) {
      await catalog.addKey({ id, customerId: upload.customerId, hash: id, label: null, rights });
    }
    await catalog.close();
    // As the first version created it.
    const database = new DatabaseSync(path);
    database.exec(
      "drop table move_tables; drop table chores; alter table attempts drop column is_purged; drop table shards; drop table catalog_identity; drop table moves; drop table resumable_chunks; drop table resumable_files; alter table uploads drop column key_id; alter table uploads drop column column_uses; alter table uploads drop column cancel_requested_at; drop index uploads_by_end; drop table upload_progress; drop table refused_uploads; drop table running_analyses; alter table customers drop column defaults; drop table sessions; drop table webhook_deliveries; drop table webhook_events; drop table webhooks; drop table commits; drop index uploads_queued; alter table customers drop column changed_at; alter table customers drop column table_id; alter table attempts drop column table_id; drop table nodes; alter table uploads drop column receiver; alter table attempts drop column owner; alter table attempts drop column lost_at; update customers set table_columns = '[]'; update uploads set options = json_remove(options, '$.values'); delete from kysely_migration where name > '0001-first-tables'",
    );
    database.close();
    const migrated = await openSqliteCatalog(path);
    assert.deepEqual(await migrated.findUpload(upload.id), upload);
    assert.deepEqual((await migrated.findKeyByHash('k1'))?.rights, ['read', 'upload', 'undo']);
    assert.deepEqual((await migrated.findKeyByHash('k2'))?.rights, ['read']);
    assert.equal((await migrated.findCustomer(upload.customerId))?.table?.tableId, '000000000000');
    await migrated.close();
  });

  it('knows the tables of a move into it that an earlier version has begun', async () => {
    const catalog = await openSqliteCatalog(path);
    assert.deepEqual(await catalog.copies.beginMove('there'), { source: 'there' });
    for (const id of ['a', 'b', 'without']) await catalog.createCustomer(customer(id));
    await catalog.close();
    const database = new DatabaseSync(path);
    database.exec(
      "update customers set table_id = '0123456789ab' where id <> 'without'; drop table move_tables; delete from kysely_migration where name > '0017-spool-identity'",
    );
    database.close();
    const migrated = await openSqliteCatalog(path);
    const tables = [];
    for await (const table of migrated.copies.moveTables()) tables.push(table);
    assert.deepEqual(
      tables,
      ['a', 'b'].map((customerId) => ({ customerId, tableId: '0123456789ab' })),
    );
    await migrated.close();
  });

  it('has no tables after an interrupted migration', async () => {
    const database = new DatabaseSync(path);
    database.exec('create table attempts (x)');
    database.close();
    await assert.rejects(openSqliteCatalog(path), /attempts.*already exists/);
    const left = new DatabaseSync(path);
    const made = left
      .prepare("select name from sqlite_schema where name in ('customers', 'uploads', 'attempts')")
      .all();
    left.exec('drop table attempts');
    left.close();
    assert.deepEqual(
      made.map(({ name }) => name),
      ['attempts'],
    );
    await (await openSqliteCatalog(path)).close();
  });

  it('is refused if a newer version of Thena created it', async () => {
    await (await openSqliteCatalog(path)).close();
    const database = new DatabaseSync(path);
    database.exec("insert into kysely_migration values ('0999-of-tomorrow', '2030-01-01T00:00:00.000Z')");
    database.close();
    await assert.rejects(openSqliteCatalog(path), (error) => {
      assert.ok(error instanceof SettingError);
      assert.match(error.message, /created by a newer version of Thena/);
      assert.ok(error.message.includes(path) && error.message.includes('0999-of-tomorrow'));
      return true;
    });
  });

  it('is refused if it is not a database', async () => {
    await writeFile(path, 'This text is long enough to be taken for the header of a database. '.repeat(20));
    await assert.rejects(openSqliteCatalog(path), /file is not a database/);
  });

  it('waits for another writer without blocking the event loop', async () => {
    const catalog = await openSqliteCatalog(path);
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    const writes = [
      catalog.createCustomer(customer('a')),
      catalog.deleteUpload('00000000-0000-4000-8000-000000000000' as never),
    ];
    let turns = 0;
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        turns++;
        if (turns < 3) return;
        clearInterval(timer);
        resolve();
      }, 5);
    });
    other.exec('commit');
    other.close();
    await Promise.all(writes);
    assert.ok(await catalog.findCustomer(customer('a').id));
    await catalog.close();
  });

  it('does not block the event loop while a customer with many uploads is deleted', async () => {
    const catalog = await openSqliteCatalog(path);
    const db = await openSqlite(path);
    try {
      await catalog.createCustomer(customer('a'));
      for (let number = 1; number <= 3_000; ) {
        const uploads = Array.from({ length: 300 }, () => ({
          id: randomUUID() as UploadId,
          customer_id: customerId('a'),
          number: number++,
          status: 'complete' as const,
          filename: null,
          options: '{}',
          created_at: 0,
        }));
        await db.insertInto('uploads').values(uploads).execute();
      }
      const deletion = await begunDeletion(catalog, customerId('a'));
      let turns = 0;
      let isEnded = false;
      const ending = catalog.endDeletion(deletion).finally(() => {
        isEnded = true;
      });
      for (; !isEnded; turns++) await nextTurn();
      assert.ok(await ending);
      assert.ok(turns >= 3, `others had ${turns} turns`);
      assert.equal(await catalog.findCustomer(customerId('a')), null);
      assert.deepEqual(await db.selectFrom('uploads').select('id').execute(), []);
    } finally {
      await db.destroy();
      await catalog.close();
    }
  });

  it('reports a full disk, changes nothing, and works again once there is space', async () => {
    const db = await openSqlite(path);
    const catalog = kyselyCatalog(db, async () => Date.now());
    await catalog.createCustomer(customer('a'));
    const pages = Number(await pragma(db, 'page_count'));
    await sql`pragma max_page_count = ${sql.raw(String(pages))}`.execute(db);
    const key = {
      id: 'k1',
      customerId: customer('a').id,
      hash: 'h',
      label: 'x'.repeat(50_000),
      rights: ['read'],
    } as const;
    await assert.rejects(catalog.addKey(key), { code: 'disk_full' });
    assert.deepEqual(await catalog.listKeys(customer('a').id), []);
    await sql`pragma max_page_count = ${sql.raw(String(pages + 1_000))}`.execute(db);
    assert.equal((await catalog.addKey(key)).label?.length, 50_000);
    await catalog.close();
  });

  it('reports the original failure if SQLite has already rolled back the transaction', async () => {
    const db = await openSqlite(path);
    await sql`create trigger t before insert on uploads begin select raise(rollback, 'as on a full disk'); end`.execute(
      db,
    );
    const catalog = kyselyCatalog(db, async () => Date.now());
    const upload = newUpload('a');
    await assert.rejects(catalog.createUpload(upload), /as on a full disk/);
    assert.equal(await catalog.findCustomer(customer('a').id), null);
    await sql`drop trigger t`.execute(db);
    await catalog.createUpload(upload);
    await catalog.close();
  });

  it('shows what was committed on another connection at once, if it is shared', async () => {
    const news = new LocalNews();
    const [one, other] = [
      await openSqliteCatalog(path, undefined, news),
      await openSqliteCatalog(path, undefined, news),
    ];
    try {
      assert.ok(one.isShared && other.isShared);
      await one.createCustomer(customer('a'));
      const created = await other.findCustomer(customerId('a'));
      assert.equal(created?.declaredTimeColumn, null);
      await one.endDeletion(await begunDeletion(one, customerId('a')));
      await one.createCustomer({ ...customer('a'), timeColumn: 'at' });
      const recreated = await other.findCustomer(customerId('a'));
      assert.equal(recreated?.declaredTimeColumn, 'at');
    } finally {
      await one.close();
      await other.close();
    }
  });
});
