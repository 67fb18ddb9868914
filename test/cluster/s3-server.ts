import { once } from 'node:events';
import { existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../free-port.ts';
import { type ServerProcess, serverProcess } from './server-process.ts';

const PROCESS = fileURLToPath(new URL('s3-process.mjs', import.meta.url));
const BUCKET = 'thena';

/** The only keys that the server accepts. */
export const S3_KEYS = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' } as const;

/**
 * What becomes of a request: null passes it on, a number is the status it is answered with, `break` ends its connection, `cut` ends it in
 * the middle of the answer.
 */
export type Fault = (request: IncomingMessage) => number | 'break' | 'cut' | null;

export interface S3Server extends ServerProcess {
  /** For THENA_SPOOL_URL. @param prefix a test's own */
  url(prefix: string, bucket?: string): string;
  /** The keys of the objects in the bucket. */
  keys(prefix: string): readonly string[];
  /** Removes an object from the server's disk. */
  lose(key: string): void;
  /** What becomes of requests from now on. */
  fault: Fault | null;
  /** Ends the server and removes its files. */
  remove(): Promise<void>;
}

/** Why there is no S3-compatible server; null if there is one. */
export const NO_S3: string | null = hasPackage() ? null : 'no @20minutes/s3rver';

/** Starts an S3-compatible server with a bucket. It keeps its objects on disk when it is killed. Requests pass a proxy, which can fail. */
export async function startS3(): Promise<S3Server> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-s3-'));
  const data = join(folder, 'data');
  const port = await freePort();
  const log = join(folder, 'log');
  const output = openSync(log, 'a');
  const server = serverProcess(
    [process.execPath, PROCESS, String(port), data, BUCKET],
    { stdio: ['ignore', output, output] },
    log,
    () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => true,
        () => false,
      ),
  );
  await server.start();
  const proxy = createServer((incoming, outgoing) => {
    const fault = s3.fault?.(incoming) ?? null;
    if (fault === 'break') incoming.socket.destroy();
    else if (typeof fault === 'number') outgoing.writeHead(fault).end();
    else forward(incoming, outgoing, port, fault === 'cut');
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const endpoint = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const fileOf = (key: string): string => join(data, BUCKET, `${key}._S3rver_object`);
  const s3: S3Server = {
    ...server,
    fault: null,
    url: (prefix, bucket = BUCKET) => `s3://${bucket}/${prefix}?endpoint=${encodeURIComponent(endpoint)}`,
    keys(prefix) {
      const root = join(data, BUCKET, prefix);
      if (!existsSync(root)) return [];
      const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
      return names.filter((name) => name.endsWith('_object')).map((name) => name.replace('._S3rver_object', ''));
    },
    lose: (key) => rmSync(fileOf(key)),
    async remove() {
      proxy.close();
      proxy.closeAllConnections();
      await server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return s3;
}

function forward(incoming: IncomingMessage, outgoing: ServerResponse, port: number, isCut: boolean): void {
  const { method, url, headers } = incoming;
  const passed = request({ host: '127.0.0.1', port, method, path: url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
    if (isCut) answer.once('data', (bytes: Buffer) => outgoing.write(bytes, () => outgoing.destroy()));
    else answer.pipe(outgoing);
    answer.on('error', () => outgoing.destroy());
  });
  passed.on('error', () => incoming.socket.destroy());
  incoming.on('error', () => passed.destroy());
  incoming.pipe(passed);
}

function hasPackage(): boolean {
  try {
    createRequire(import.meta.url).resolve('@20minutes/s3rver');
    return true;
  } catch {
    return false;
  }
}
