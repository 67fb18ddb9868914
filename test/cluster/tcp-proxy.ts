import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What happens to a message that matches, and to its connection. */
export type Cut =
  /** The server gets the message, but its answer and the connection are lost. */
  | 'answer_lost'
  /** The server never gets it. */
  | 'message_lost'
  /** The connection is lost at once, but the server gets the message some time later. */
  | 'message_late';

export interface TcpProxy {
  readonly port: number;
  /** How many messages were cut so far. */
  readonly cuts: number;
  /** Cuts messages that contain the text until `times` of them were. */
  cut(how: Cut, text: string, times: number): void;
  /** Connections stay open and are accepted, but nothing is passed on until `resume`. */
  pause(): void;
  resume(): void;
  close(): Promise<void>;
}

const LATE_MS = 150;

/** A proxy in front of a local server, which loses messages as networks do. */
export async function tcpProxy(serverPort: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let plan: { readonly how: Cut; readonly text: string; left: number } | null = null;
  let cuts = 0;
  let isPaused = false;
  const server = createServer((client) => {
    const upstream = connect(serverPort, '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    let how: Cut | null = null;
    client.on('data', async (chunk) => {
      // The rest of a message whose answer is lost arrives as well.
      if (how !== null && how !== 'answer_lost') return;
      if (how === null && plan && plan.left > 0 && chunk.includes(plan.text)) {
        plan.left--;
        cuts++;
        how = plan.how;
      }
      if (how === null || how === 'answer_lost') upstream.write(chunk);
      if (how === 'message_lost') {
        client.destroy();
        upstream.destroy();
      }
      if (how === 'message_late') {
        client.destroy();
        await sleep(LATE_MS);
        upstream.write(chunk);
      }
    });
    upstream.on('data', (chunk) => {
      if (how === null) client.write(chunk);
      else {
        client.destroy();
        upstream.destroy();
      }
    });
    client.on('close', () => {
      if (how !== 'message_late') upstream.destroy();
    });
    upstream.on('close', () => client.destroy());
    if (isPaused) for (const socket of [client, upstream]) socket.pause();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    cut(kind, text, times) {
      plan = { how: kind, text, left: times };
    },
    pause() {
      isPaused = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      isPaused = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
