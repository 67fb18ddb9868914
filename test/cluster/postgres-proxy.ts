import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What happens to one message between a client and PostgreSQL. */
export type PostgresFault =
  /** The connection is lost before the server has received it, or after it has executed it. */
  | 'message_lost'
  | 'answer_lost'
  /** The server ends the connection instead of executing it. */
  | 'terminated'
  /** The statement fails, and its transaction with it. */
  | { readonly sqlState: string };

export interface PostgresProxy {
  /** Of the same database, through the proxy. */
  readonly url: string;
  /** From now on one of `every` messages fails, beginning with the one after `passed` others. Counted over all connections. */
  fail(fault: PostgresFault, passed: number, every: number): void;
  /** The SQL of what has failed since then. */
  readonly failed: readonly string[];
  close(): Promise<void>;
}

/** Passes everything on to a PostgreSQL on this machine, except for the faults. What fails does so on the server, if it comes so far. */
export async function postgresProxy(database: string): Promise<PostgresProxy> {
  const url = new URL(database);
  const serverPort = Number(url.port);
  const sockets = new Set<Socket>();
  let plan: { left: number; readonly every: number; readonly fault: PostgresFault } | null = null;
  let failed: string[] = [];
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    let losesAnswer = false;
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    upstream.on('data', (chunk) => (losesAnswer ? end() : client.write(chunk)));
    readMessages(client, (message, sql) => {
      let fault: PostgresFault | null = null;
      if (sql !== null && plan && plan.left-- === 0) {
        plan.left = plan.every - 1;
        fault = plan.fault;
        failed.push(sql);
      }
      if (fault === 'message_lost') return end();
      losesAnswer ||= fault === 'answer_lost';
      upstream.write(fault === null || fault === 'answer_lost' ? message : simpleQuery(sqlOf(fault)));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url.port = `${(server.address() as AddressInfo).port}`;
  return {
    url: url.href,
    fail(fault, passed, every) {
      plan = { left: passed, every, fault };
      failed = [];
    },
    get failed() {
      return failed;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/**
 * Reads what a client of PostgreSQL sends: the start of the connection, then simple queries, and extended ones up to their `Sync`.
 * postgresql.org/docs/current/protocol-message-formats.html
 *
 * @param take its SQL is null at the start and the end of the connection
 */
function readMessages(client: Socket, take: (message: Buffer, sql: string | null) => void): void {
  let unread: Buffer = Buffer.alloc(0);
  let isStarted = false;
  let parts: Buffer[] = [];
  let sql: string | null = null;
  client.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    for (;;) {
      const kindBytes = isStarted ? 1 : 0;
      if (unread.length < kindBytes + 4) return;
      const length = kindBytes + unread.readInt32BE(kindBytes);
      if (unread.length < length) return;
      const part = unread.subarray(0, length);
      unread = unread.subarray(length);
      const kind = isStarted ? part.toString('latin1', 0, 1) : 'start';
      isStarted = true;
      parts.push(part);
      if (kind === 'Q') sql = part.toString('utf8', 5, length - 1);
      if (kind === 'P') sql = part.toString('utf8', 5).split('\0')[1] ?? '';
      if (!['Q', 'S', 'X', 'start'].includes(kind)) continue;
      take(Buffer.concat(parts), sql);
      parts = [];
      sql = null;
    }
  });
}

function sqlOf(fault: 'terminated' | { readonly sqlState: string }): string {
  if (fault === 'terminated') return 'select pg_terminate_backend(pg_backend_pid())';
  return `do $$ begin raise exception 'as if' using errcode = '${fault.sqlState}'; end $$`;
}

function simpleQuery(sql: string): Buffer {
  const message = Buffer.alloc(6 + Buffer.byteLength(sql));
  message.write('Q');
  message.writeInt32BE(message.length - 1, 1);
  message.write(sql, 5);
  return message;
}
