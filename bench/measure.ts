import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ThenaProcess } from '../test/thena-process.ts';

const run = promisify(execFile);
const SAMPLE = fileURLToPath(new URL('../scripts/sample.ts', import.meta.url));

/** Writes events, as `npm run sample` makes them. */
export async function sample(rows: number, file: string): Promise<void> {
  const child = spawn(process.execPath, [SAMPLE, '--rows', String(rows)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await pipeline(child.stdout, createWriteStream(file));
  if (child.exitCode === null) await once(child, 'exit');
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** Sends a file with curl, and waits until its rows are there. @returns milliseconds from the first to the last */
export async function upload({ url }: ThenaProcess, customer: string, file: string): Promise<number> {
  const startedAt = performance.now();
  const headers = ['-H', 'Prefer: wait=300', '-H', 'Content-Type: text/csv'];
  const { stdout } = await run('curl', ['-sS', ...headers, '-T', file, `${url}/api/v1/customers/${customer}/uploads`]);
  const ms = performance.now() - startedAt;
  if (JSON.parse(stdout).status !== 'complete') throw new Error(`the upload did not complete: ${stdout}`);
  return ms;
}

/** Asks for a standing answer. @returns milliseconds */
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

/** Peak resident memory of the main process and of the engine process, in bytes; null where /proc does not tell. */
export async function peakMemory({ child: { pid } }: ThenaProcess): Promise<{ main: number; engine: number } | null> {
  try {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    const engine = children.trim().split(' ')[0];
    return { main: await peakBytes(`${pid}`), engine: await peakBytes(`${engine}`) };
  } catch {
    return null;
  }
}

async function peakBytes(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
