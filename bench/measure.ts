import { execFile } from 'node:child_process';
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

/** Uploads a file with curl and waits for its rows. @returns milliseconds from the start of curl to its end */
export async function upload({ url }: ThenaProcess, customer: string, file: string): Promise<number> {
  const startedAt = performance.now();
  const headers = ['-H', 'Prefer: wait=300', '-H', 'Content-Type: text/csv'];
  const { stdout } = await run('curl', ['-sS', ...headers, '-T', file, `${url}/api/v1/customers/${customer}/uploads`]);
  const ms = performance.now() - startedAt;
  if (JSON.parse(stdout).status !== 'complete') throw new Error(`the upload did not complete: ${stdout}`);
  return ms;
}

/** Requests a precomputed answer. @returns milliseconds */
export async function ask({ url }: ThenaProcess, customer: string): Promise<number> {
  const startedAt = performance.now();
  const response = await fetch(`${url}/api/v1/analyze/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer_id: customer, analyze_type: 10000 }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return performance.now() - startedAt;
}

/** Peak resident memory of the main process and of the engine process, in bytes; null without Linux's /proc. */
export function peakMemory({ child: { pid = 0 } }: ThenaProcess): { main: number; engine: number } | null {
  const [main, engine] = [peakBytes(pid), peakBytes(childOf(pid) ?? 0)];
  return main === null || engine === null ? null : { main, engine };
}
