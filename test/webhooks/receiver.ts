import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly at: number;
  readonly headers: IncomingMessage['headers'];
  readonly raw: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server sends.
  readonly event: any;
}

/** Answers a request; without it, 204. `before` are the requests that arrived earlier. */
export type Answer = (response: ServerResponse, before: number, request: IncomingMessage) => void;

/** The system that gets the events of a webhook: a real server on a free port. */
export interface Receiver {
  readonly url: string;
  readonly port: number;
  readonly received: Received[];
  /** Verifies the signature of everything that was received, as the documentation says. @throws unless all are valid */
  verify(secret: string): void;
  close(): Promise<void>;
}

export async function startReceiver(answer: Answer = (response) => response.writeHead(204).end()): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const at = Date.now();
    const raw = await text(request);
    const before = received.length;
    const id = String(request.headers['webhook-id']);
    received.push({ id, at, headers: request.headers, raw, event: raw === '' ? null : JSON.parse(raw) });
    answer(response, before, request);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    port,
    received,
    verify(secret) {
      const webhook = new Webhook(secret);
      for (const { raw, headers } of received) webhook.verify(raw, headers as Record<string, string>);
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
