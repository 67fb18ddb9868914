import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import type { Observation } from '../src/events.ts';
import { startServices } from '../src/services.ts';
import type { ClusterEnvironment } from './cluster/create-cluster.ts';

export interface RunningThena {
  /** Without a trailing slash. */
  readonly url: string;
  readonly dataDir: string;
  readonly observations: readonly Observation[];
  /** Stops the server, and removes its data folder once `inspect` has seen it. */
  close(inspect?: () => void): Promise<void>;
  /** Stops the server and keeps its data folder, for another start with THENA_DATA_DIR. */
  stop(): Promise<void>;
}

/** `test/cluster/http-on-cluster.test.ts` runs tests with this variable: each Thena is then the only node of a cluster on these servers. */
const { TEST_CLUSTER } = process.env;
/** Started again with the same data folder, Thena is in the same cluster. */
const clusters = new Map<string, ClusterEnvironment>();

async function clusterOf(dataDir: string): Promise<ClusterEnvironment> {
  if (TEST_CLUSTER === undefined) return {};
  const { createCluster } = await import('./cluster/create-cluster.ts');
  const cluster = clusters.get(dataDir) ?? (await createCluster(JSON.parse(TEST_CLUSTER)));
  clusters.set(dataDir, cluster);
  return cluster;
}

/** Those of servers that were only stopped are removed when the tests of this process have ended. */
const dataDirs = new Set<string>();
process.once('exit', () => dataDirs.forEach(removeData));

function removeData(dataDir: string): void {
  rmSync(dataDir, { recursive: true, force: true });
  dataDirs.delete(dataDir);
}

/** Starts all of Thena in this process, on a free port, in a data folder of its own. */
export async function startThena(settings: Readonly<Record<string, string>> = {}): Promise<RunningThena> {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-test-'));
  dataDirs.add(dataDir);
  const observations: Observation[] = [];
  try {
    const cluster = await clusterOf(settings.THENA_DATA_DIR ?? dataDir);
    const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir, ...cluster, ...settings });
    const services = await startServices(config, (observation) => observations.push(observation));
    return {
      url: services.url,
      dataDir,
      observations,
      stop: () => services.close(),
      async close(inspect) {
        await services.close();
        inspect?.();
        removeData(dataDir);
      },
    };
  } catch (error) {
    removeData(dataDir);
    throw error;
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
  readonly body: any;
}

/** Sends a request; an object given as `json` is sent as JSON, and a JSON body of the reply is parsed. */
export async function call(url: string, init: RequestInit & { json?: unknown } = {}): Promise<Reply> {
  const { json, ...rest } = init;
  const headers = new Headers(rest.headers);
  if (json !== undefined) headers.set('content-type', 'application/json');
  const response = await fetch(url, {
    redirect: 'manual',
    ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
    ...rest,
    headers,
  });
  const text = await response.text();
  const isJson = /[/+]json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
}

export type FormField = readonly [name: string, value: string | Uint8Array];

/** A form with its fields in the given order; bytes are sent as a file. */
export function formOf(...fields: readonly FormField[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)], { type: 'text/csv' }), 'events.csv');
  }
  return form;
}

/** Asks the server to answer once the upload has ended. */
export const WAIT = { prefer: 'wait=60' } as const;

/** Uploads CSV as a form and waits until the upload has ended. */
export function upload(
  url: string,
  customerId: string,
  csv: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return call(`${url}/api/v1/event/`, {
    method: 'POST',
    body: formOf(['customer_id', customerId], ['file', typeof csv === 'string' ? Buffer.from(csv) : csv]),
    headers: { ...WAIT, ...headers },
  });
}

/** Uploads CSV as a request body, with options such as `?dry_run=true`. Waits for the upload only with {@link WAIT}. */
export function put(
  url: string,
  customerId: string,
  csv: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  query = '',
): Promise<Reply> {
  const body = new Uint8Array(Buffer.from(csv));
  return call(`${url}/api/v1/customers/${customerId}/uploads${query}`, { method: 'PUT', body, headers });
}

/** Waits until an upload has ended. @returns the upload */
export async function ended(url: string, uploadId: string): Promise<Reply['body']> {
  for (const deadline = Date.now() + 60_000; ; await sleep(20)) {
    const { body } = await call(`${url}/api/v1/uploads/${uploadId}`);
    if (body.finished_at) return body;
    assert.ok(Date.now() < deadline, `the upload did not end: ${JSON.stringify(body)}`);
  }
}

export function analyze(url: string, customerId: unknown, analyzerType: unknown): Promise<Reply> {
  return call(`${url}/api/v1/analyze/`, { json: { customer_id: customerId, analyze_type: analyzerType } });
}

/** @returns the number of rows in a customer's table, or the code of the error, such as `table_empty` */
export async function totalRows(url: string, customerId: string): Promise<number | string> {
  const { body } = await analyze(url, customerId, 'total_rows');
  return body.result?.total_rows ?? body.code;
}

/** Runs a query, which must succeed. @returns the rows of its result */
export async function resultRows(
  url: string,
  customerId: string,
  query: unknown,
): Promise<readonly (readonly (string | number | null)[])[]> {
  const { status, body } = await call(`${url}/api/v1/analyze/`, { json: { customer_id: customerId, query } });
  assert.equal(status, 200, JSON.stringify([query, body]));
  return body.result.rows;
}
