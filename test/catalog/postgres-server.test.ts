import assert from 'node:assert/strict';
import { chmodSync, chownSync, copyFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Catalog } from '../../src/catalog/catalog.ts';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { SettingError } from '../../src/setting-error.ts';
import { customerId, newUpload } from '../builders.ts';
import { NO_POSTGRES } from '../cluster/postgres-server.ts';
import { freePort } from '../free-port.ts';
import { postgresForTests } from './postgres-for-tests.ts';

/** Of `localhost`, with its key. */
const CERTIFICATE = fileURLToPath(new URL('../fixtures/self-signed.pem', import.meta.url));

const customer = (id: string) => ({ id: customerId(id), timeColumn: null, columns: null });

describe('the PostgreSQL of a catalog', { skip: NO_POSTGRES ?? false }, () => {
  const postgres = postgresForTests();

  async function run(...statements: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client(postgres.url);
    await client.connect();
    try {
      let rows: readonly Record<string, unknown>[] = [];
      for (const statement of statements) ({ rows } = await client.query(statement));
      return rows;
    } finally {
      await client.end();
    }
  }

  /** The URL with other parts. */
  function changed(parts: Partial<Pick<URL, 'username' | 'password' | 'pathname' | 'port' | 'search'>>): string {
    return Object.assign(new URL(postgres.url), parts).href;
  }

  async function refusal(of = postgres.url, waitMs = 500): Promise<string> {
    const opened = openPostgresCatalog(of, { waitMs });
    const error: unknown = await opened.then(
      (catalog) => catalog.close(),
      (failure) => failure,
    );
    assert.ok(error instanceof SettingError, `${error}`);
    return error.message;
  }

  async function using<T>(use: (catalog: Catalog) => Promise<T>, of = postgres.url): Promise<T> {
    const catalog = await openPostgresCatalog(of);
    return use(catalog).finally(() => catalog.close());
  }

  const database = (): string => new URL(postgres.url).pathname.slice(1);

  it('is refused with the reason if it would lose what was acknowledged, or cannot be written', async () => {
    await run(`alter database ${database()} set synchronous_commit = off`);
    assert.match(await refusal(), /synchronous_commit = off, it loses uploads .*Set synchronous_commit to on/);
    await run(`alter database ${database()} set synchronous_commit = on`);
    await run(`alter database ${database()} set default_transaction_read_only = on`);
    assert.match(await refusal(), /read-only\. Set default_transaction_read_only to off/);
    await run('set default_transaction_read_only = off', `alter database ${database()} reset all`);
    await run('alter system set fsync = off', 'select pg_reload_conf()', 'select pg_sleep(0.5)');
    try {
      assert.match(await refusal(), /with fsync = off, a power failure can destroy it/);
    } finally {
      await run('alter system reset fsync', 'select pg_reload_conf()', 'select pg_sleep(0.5)');
    }
    await using((catalog) => catalog.ping());
  });

  it('is refused if its encoding cannot hold every text', async () => {
    await run("create database ascii encoding 'SQL_ASCII' template template0 locale 'C'");
    assert.match(await refusal(changed({ pathname: '/ascii' })), /encoding is SQL_ASCII.*ENCODING 'UTF8'/);
  });

  it('is refused if the user may not create tables, or there is no such user or database', async () => {
    await run("create role guest login password 'pass-word'");
    // Before version 15, everyone might.
    await run('revoke create on schema public from public');
    const guest = changed({ username: 'guest', password: 'pass-word' });
    assert.match(await refusal(guest), /user may not create tables in the schema 'public'. Grant CREATE/);
    assert.match(await refusal(changed({ username: 'nobody' })), /refuses access: role "nobody" does not exist/);
    assert.match(await refusal(changed({ pathname: '/nowhere' })), /database "nowhere" does not exist/);
    await run('grant create on schema public to guest');
    await using((catalog) => catalog.createUpload(newUpload('a')), guest);
  });

  it('is refused if it cannot be reached or has no TLS, without the password in the message', async () => {
    const secret = { username: 'thena', password: 'pass-word' };
    const port = await freePort();
    const away = await refusal(changed({ ...secret, port: `${port}` }));
    assert.match(away, new RegExp(`127\\.0\\.0\\.1:${port}/${database()} cannot be reached`));
    const plain = await refusal(changed({ ...secret, search: '?sslmode=verify-full' }));
    assert.match(plain, /cannot be reached.*SSL/);
    const wrong = await refusal(`postgres://thena:pass-word@[::1/x`);
    assert.match(wrong, /not a URL of PostgreSQL/);
    for (const message of [away, plain, wrong]) assert.ok(!message.includes('pass-word'), message);
  });

  it('is refused at once if its certificate is not trusted, and accepted if the URL names it', async () => {
    const [shown] = await run('show data_directory');
    const file = join(`${shown?.data_directory}`, 'server.pem');
    copyFileSync(CERTIFICATE, file);
    const { uid, gid } = statSync(dirname(file));
    chownSync(file, uid, gid);
    chmodSync(file, 0o600);
    const settings = ["ssl_cert_file = 'server.pem'", "ssl_key_file = 'server.pem'", 'ssl = on'];
    await run(
      ...settings.map((setting) => `alter system set ${setting}`),
      'select pg_reload_conf()',
      'select pg_sleep(0.5)',
    );
    try {
      const named = postgres.url.replace('127.0.0.1', 'localhost');
      const began = performance.now();
      for (const mode of ['require', 'verify-full']) {
        const refused = await refusal(`${named}?sslmode=${mode}`, 20_000);
        assert.match(refused, /certificate is not trusted \(self-signed certificate\).*NODE_EXTRA_CA_CERTS/);
      }
      const trusting = `sslmode=verify-full&sslrootcert=${CERTIFICATE}`;
      assert.match(await refusal(`${postgres.url}?${trusting}`, 20_000), /certificate is not valid \(.*127\.0\.0\.1/);
      assert.ok(performance.now() - began < 15_000);
      await using((catalog) => catalog.ping(), `${named}?${trusting}`);
      assert.match(
        await refusal(`${named}?sslmode=verify-full&sslrootcert=/no.crt`),
        /Cannot read \/no\.crt, which THENA_DATABASE_URL names/,
      );
    } finally {
      await run('alter system reset ssl', 'select pg_reload_conf()', 'select pg_sleep(0.5)');
    }
  });

  it('is refused if a newer version of Thena created the catalog', async () => {
    await using((catalog) => catalog.ping());
    await run("insert into kysely_migration values ('0999-of-tomorrow', '2030-01-01T00:00:00.000Z')");
    assert.match(await refusal(), /created by a newer version of Thena.*0999-of-tomorrow/);
  });

  it('is migrated once by several processes that start at the same time', async () => {
    const catalogs = await Promise.all(Array.from({ length: 5 }, () => openPostgresCatalog(postgres.url)));
    await Promise.all(catalogs.map((catalog, at) => catalog.createUpload(newUpload(`c${at}`))));
    await Promise.all(catalogs.map((catalog) => catalog.close()));
    const rows = await run('select name from kysely_migration order by name');
    assert.equal(new Set(rows.map(({ name }) => name)).size, rows.length);
    assert.ok(rows.length >= 9);
  });

  it('keeps every text as it is, and finds nothing by an ID that no text can be', () =>
    using(async (catalog) => {
      const names = [
        'a\0b.csv',
        '\0',
        '\uFDD0',
        '\uFDD00',
        'x\uFDD01\0\uFDD0',
        'ä€😀\uFFFF',
        "'; drop table uploads; --",
      ];
      for (const filename of names) {
        const { id } = await catalog.createUpload(newUpload('a', { filename }));
        assert.equal((await catalog.findUpload(id))?.filename, filename);
      }
      assert.equal(await catalog.findWebhook(customerId('a'), 'w\0'), null);
      assert.equal(await catalog.findByIdempotencyKey(customerId('a'), null, '\0'), null);
      const column = { name: 'a\0\uFDD0', type: 'integer' } as const;
      const declared = { ...customer('b'), timeColumn: 'a\0', columns: [column as never] };
      await catalog.createCustomer(declared);
      assert.deepEqual((await catalog.findCustomer(declared.id))?.declaredColumns, [column]);
      assert.equal((await catalog.findCustomer(declared.id))?.declaredTimeColumn, 'a\0');
    }));

  it('lists customers in the order of their bytes, whatever the language of the database', async (t) => {
    if (postgres.server.version < 15) return t.skip('a database has a language of the operating system');
    await run("create database german template template0 locale_provider icu icu_locale 'de'");
    await using(
      async (catalog) => {
        for (const id of ['b', 'a-b', 'a_b', 'a1', 'a', 'ab', '10', '9']) await catalog.createCustomer(customer(id));
        const first = await catalog.listCustomers({ after: null, limit: 4 });
        const second = await catalog.listCustomers({ after: first.nextCursor, limit: 9 });
        const ids = [...first.items, ...second.items].map(({ id }) => id);
        assert.deepEqual(ids, ['10', '9', 'a', 'a-b', 'a1', 'a_b', 'ab', 'b']);
      },
      changed({ pathname: '/german' }),
    );
  });

  it('gives the time, and shows whose connections they are', async () => {
    const catalog = await openPostgresCatalog(postgres.url, { application: 'thena node 1' });
    try {
      const [row] = await run('select (extract(epoch from clock_timestamp()) * 1000)::float8 as at');
      assert.ok(Math.abs((await catalog.now()) - Number(row?.at)) < 1_000);
      await catalog.ping();
      await catalog.findCustomer(customerId('a'));
      const shown = await run(
        `select application_name as name from pg_stat_activity where datname = current_database() order by 1`,
      );
      assert.deepEqual(
        new Set(shown.map(({ name }) => name)),
        new Set(['', ...['', ' heartbeat', ' news'].map((part) => `thena node 1${part}`)]),
      );
    } finally {
      await catalog.close();
    }
  });

  it('does not let its own isolation level confuse the catalog', async () => {
    await run(`alter database ${database()} set default_transaction_isolation = 'serializable'`);
    await using(async (catalog) => {
      const uploads = Array.from({ length: 20 }, () => newUpload('a'));
      await Promise.all(uploads.map((upload) => catalog.createUpload(upload)));
      const { items } = await catalog.listUploads(customerId('a'), { after: null, limit: 99 });
      assert.equal(items.length, uploads.length);
    });
  });
});
