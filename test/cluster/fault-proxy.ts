import { once } from 'node:events';
import { type ClientRequest, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** ClickHouse's code for a statement that has the ID of another one. */
const ALREADY_RUNNING = '216';

/** What happens to a statement. */
export type Fault =
  /** The server runs it, but its answer is lost. */
  | 'answer_lost'
  /** A proxy sends it once more when it has ended, and passes on the second answer. */
  | 'repeated'
  /** A proxy answers instead of the server. */
  | 'bad_gateway'
  /** The server gets a part of its text, if it is an insert of records. */
  | 'cut'
  /** The server never gets it, and answers with ClickHouse's exception of this code. */
  | number;

export interface FaultProxy {
  readonly port: number;
  close(): Promise<void>;
}

/** A proxy in front of a ClickHouse server. @param faultOf is asked for each statement */
export async function faultProxy(serverPort: number, faultOf: (sql: string) => Fault | null): Promise<FaultProxy> {
  const server = createServer(async (incoming, outgoing) => {
    const { socket } = incoming;
    // The statement of an insert of records is in the URL, since these are the body.
    const inUrl = new URL(incoming.url ?? '', 'http://proxy').searchParams.get('query');
    const body = await buffer(incoming).catch(() => null);
    if (body === null) return;
    const fault = faultOf(inUrl ?? body.toString());
    if (fault === 'bad_gateway') outgoing.writeHead(502).end('<html>Bad Gateway</html>');
    else if (typeof fault === 'number') {
      outgoing.writeHead(500, { 'X-ClickHouse-Exception-Code': fault }).end(`Code: ${fault}. DB::Exception: not now`);
    } else {
      const pass = () => {
        const passed = request({ port: serverPort, method: incoming.method, path: incoming.url, agent: false });
        for (const [name, value] of Object.entries(incoming.headers)) {
          if (value !== undefined && !/^(connection|content-length|transfer-encoding)$/.test(name)) {
            passed.setHeader(name, value);
          }
        }
        return passed.on('error', () => socket.destroy());
      };
      if (fault === 'repeated') {
        const [response, text] = await lastOfTwo(() => pass().end(body));
        outgoing.writeHead(response.statusCode ?? 500, response.headers).end(text);
        return;
      }
      const passed = pass();
      passed.on('response', async (response) => {
        const answer = await buffer(response).catch(() => null);
        if (answer === null || fault === 'answer_lost') socket.destroy();
        else outgoing.writeHead(response.statusCode ?? 500, response.headers).end(answer);
      });
      if (fault === 'cut' && inUrl !== null) {
        passed.write(body.subarray(0, body.length / 2), () => passed.destroy());
      } else passed.end(body);
    }
  });
  // Idle connections are closed by the client.
  server.keepAliveTimeout = 60_000;
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Sends a statement, and once more when it has ended. @returns the second answer */
async function lastOfTwo(send: () => ClientRequest): Promise<readonly [IncomingMessage, Buffer]> {
  const answer = async (): Promise<readonly [IncomingMessage, Buffer]> => {
    const [response] = (await once(send(), 'response')) as [IncomingMessage];
    return [response, await buffer(response)];
  };
  await answer();
  for (;;) {
    const second = await answer();
    // The server answers a moment before the first one has ended.
    if (second[0].headers['x-clickhouse-exception-code'] !== ALREADY_RUNNING) return second;
  }
}
