import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { openPostgresCatalog } from '../../src/catalog/postgres/open-postgres.ts';
import { SettingError } from '../../src/setting-error.ts';
import { NO_POSTGRES, type PostgresServer, startPostgres } from '../cluster/postgres-server.ts';

interface Pooler {
  readonly url: string;
  /** The names of the parameters of all connections. */
  readonly parameters: ReadonlySet<string>;
  close(): Promise<void>;
}

const NOTIFICATION = 'A'.charCodeAt(0);

/** What PgBouncer does to a client, by the protocol of PostgreSQL: pooling transactions, it has nobody to pass notifications on to. */
async function pooler(url: string, pooled: 'sessions' | 'transactions'): Promise<Pooler> {
  const parameters = new Set<string>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(url).port), '127.0.0.1');
    let isFirst = true;
    client.on('data', (chunk: Buffer) => {
      // Length and version, then names and values.
      const texts = isFirst ? chunk.toString('latin1', 8).split('\0') : [];
      for (const [index, text] of texts.entries()) if (index % 2 === 0 && text !== '') parameters.add(text);
      isFirst = false;
      upstream.write(chunk);
    });
    let rest: Buffer = Buffer.alloc(0);
    upstream.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= 5 && rest.length > rest.readUInt32BE(1)) {
        const message = rest.subarray(0, 1 + rest.readUInt32BE(1));
        rest = rest.subarray(message.length);
        if (pooled === 'sessions' || message[0] !== NOTIFICATION) client.write(message);
      }
    });
    client.on('close', () => upstream.destroy()).on('error', () => undefined);
    upstream.on('close', () => client.destroy()).on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const through = Object.assign(new URL(url), { port: `${(server.address() as AddressInfo).port}` });
  return {
    url: through.href,
    parameters,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a pooler in front of the PostgreSQL of a catalog', { skip: NO_POSTGRES ?? false }, () => {
  let server: PostgresServer;
  let url: string;
  before(async () => {
    server = await startPostgres();
  });
  after(() => server.remove());
  beforeEach(async () => {
    url = await server.createDatabase();
  });

  it('can pool sessions, and gets no parameters that it would refuse', async () => {
    const between = await pooler(url, 'sessions');
    try {
      const catalog = await openPostgresCatalog(between.url);
      await catalog.ping();
      await catalog.close();
      // PgBouncer refuses `options` and `statement_timeout`, among others.
      assert.deepEqual([...between.parameters].sort(), ['application_name', 'client_encoding', 'database', 'user']);
    } finally {
      await between.close();
    }
  });

  it('is refused if it pools transactions', async () => {
    const between = await pooler(url, 'transactions');
    try {
      await assert.rejects(openPostgresCatalog(between.url), (error: Error) => {
        assert.ok(error instanceof SettingError, `${error}`);
        assert.match(error.message, /does not receive notifications.*PgBouncer.*pool sessions, not transactions/);
        return true;
      });
    } finally {
      await between.close();
    }
  });
});
