import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import type { Observation } from '../src/events.ts';
import { startServices } from '../src/services.ts';

export interface RunningThena {
  /** Without a slash at the end. */
  readonly url: string;
  readonly dataDir: string;
  readonly observations: readonly Observation[];
  /** Stops it and removes its data folder, which may be looked into before. */
  close(look?: () => void): Promise<void>;
}

/** Starts a whole Thena in this process, on any free port, in a data folder of its own. */
export async function startThena(settings: Readonly<Record<string, string>> = {}): Promise<RunningThena> {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-test-'));
  const observations: Observation[] = [];
  const removeData = (): void => rmSync(dataDir, { recursive: true, force: true });
  try {
    const config = readConfig({ THENA_PORT: '0', THENA_DATA_DIR: dataDir, ...settings });
    const services = await startServices(config, (observation) => observations.push(observation));
    return {
      url: services.url,
      dataDir,
      observations,
      async close(look) {
        await services.close();
        look?.();
        removeData();
      },
    };
  } catch (error) {
    removeData();
    throw error;
  }
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is for the test to assert.
  readonly body: any;
}

/** Calls Thena; a JSON body is parsed, an object given as `json` is sent as JSON. */
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
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text };
}

export type FormField = readonly [name: string, value: string | Uint8Array];

/** A form in the given order; a value that is bytes is sent as a file. */
export function formOf(...fields: readonly FormField[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)], { type: 'text/csv' }), 'events.csv');
  }
  return form;
}

/** Uploads CSV for a customer as a form, and waits until it has ended. */
export function upload(
  url: string,
  customerId: string,
  csv: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return call(`${url}/api/v1/event/`, {
    method: 'POST',
    body: formOf(['customer_id', customerId], ['file', typeof csv === 'string' ? Buffer.from(csv) : csv]),
    headers: { prefer: 'wait=60', ...headers },
  });
}

export function analyze(url: string, customerId: unknown, analyzeType: unknown): Promise<Reply> {
  return call(`${url}/api/v1/analyze/`, { json: { customer_id: customerId, analyze_type: analyzeType } });
}
