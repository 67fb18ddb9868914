import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface CountingProxy {
  readonly url: string;
  /** Bytes that were passed on to the server, with all headers. */
  readonly sent: number;
  /** Loses what is sent on a connection from the moment on at which this many bytes were passed on. Resolves at that moment. */
  loseAfter(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Passes all connections on to a server on this machine, and counts what it is sent. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname: host, port } = new URL(target);
  const sockets = new Set<Socket>();
  let sent = 0;
  let limit = Number.POSITIVE_INFINITY;
  let onLimit = (): void => undefined;
  const server = createServer((client) => {
    const upstream = connect(Number(port), host);
    sockets.add(client);
    let lost = false;
    client.on('data', (chunk) => {
      if (lost) return;
      sent += chunk.length;
      if (!upstream.write(chunk)) {
        client.pause();
        upstream.once('drain', () => client.resume());
      }
      if (sent < limit) return;
      lost = true;
      limit = Number.POSITIVE_INFINITY;
      onLimit();
    });
    upstream.pipe(client);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
    }
    client.on('close', () => sockets.delete(client));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get sent() {
      return sent;
    },
    loseAfter: (bytes) => {
      limit = sent + bytes;
      return new Promise((resolve) => {
        onLimit = resolve;
      });
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
