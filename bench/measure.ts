import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { childOf, peakBytes } from '../harness/process-memory.ts';
import type { ThenaProcess } from '../harness/thena-process.ts';

const run = promisify(execFile);

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/**
 * Uploads a file with curl and waits for its rows, or until all of them are rejected.
 *
 * @param options as a query string
 * @returns milliseconds from the start of curl to the committed rows
 */
export async function upload({ url }: ThenaProcess, customer: string, file: string, options = ''): Promise<number> {
  const startedAt = performance.now();
  const headers = ['-H', 'Prefer: wait=300', '-H', 'Content-Type: text/csv'];
  const { stdout } = await run('curl', [
    '-sS',
    ...headers,
    '-T',
    file,
    `${url}/api/v1/customers/${customer}/uploads?${options}`,
  ]);
  let sent = JSON.parse(stdout);
  // A very large file takes longer than a request may wait.
  for (; sent.status === 'received' || sent.status === 'ingesting'; await sleep(50)) {
    sent = await (await fetch(`${url}/api/v1/uploads/${sent.id}`)).json();
  }
  const ms = performance.now() - startedAt;
  if (sent.status !== 'complete' && sent.error?.code !== 'rows_rejected')
    throw new Error(`the upload did not complete: ${JSON.stringify(sent)}`);
  return ms;
}

export interface Timed {
  readonly ms: number;
  /** Rows of the result; 0 if it has none. */
  readonly rows: number;
}

/** Requests an analysis: a query, or an analyze type with its parameters. */
export async function analyze({ url }: ThenaProcess, customer: string, analysis: object): Promise<Timed> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/v1/analyze/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer_id: customer, ...analysis }),
  });
  const text = await response.text();
  const ms = performance.now() - startedAt;
  if (!response.ok) throw new Error(text);
  return { ms, rows: JSON.parse(text).result.rows?.length ?? 0 };
}

/** Peak resident memory of the main process and of the engine process, in bytes; null without Linux's /proc. */
export function peakMemory({ child: { pid = 0 } }: ThenaProcess): { main: number; engine: number } | null {
  const [main, engine] = [peakBytes(pid), peakBytes(childOf(pid) ?? 0)];
  return main === null || engine === null ? null : { main, engine };
}
