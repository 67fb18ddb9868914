import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ThenaProcess } from '../test/thena-process.ts';

const run = promisify(execFile);

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
