import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Thena in processes of its own, as a user runs it. */
export class ThenaProcess {
  readonly url: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, url: string) {
    this.#child = child;
    this.url = url;
  }

  static async start(dataDir: string): Promise<ThenaProcess> {
    const child = spawn(process.execPath, [fileURLToPath(new URL('../src/main.ts', import.meta.url))], {
      env: { PATH: process.env['PATH'], THENA_PORT: '0', THENA_DATA_DIR: dataDir, THENA_LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    for await (const text of child.stdout ?? []) {
      output += text;
      const url = /http:\/\/[\d.]+:\d+/.exec(output)?.[0];
      if (url) {
        child.stdout?.resume();
        return new ThenaProcess(child, url);
      }
    }
    throw new Error(`Thena did not start: ${output}`);
  }

  /** Sends a file with curl, and waits until its rows are there. @returns milliseconds from the first to the last */
  async upload(customer: string, file: string): Promise<number> {
    const startedAt = performance.now();
    const { stdout } = await run('curl', [
      '-sS',
      ...['-H', 'Prefer: wait=300', '-H', 'Content-Type: text/csv'],
      ...['-T', file, `${this.url}/api/v1/customers/${customer}/uploads`],
    ]);
    const ms = performance.now() - startedAt;
    if (JSON.parse(stdout).status !== 'complete') throw new Error(`the upload did not complete: ${stdout}`);
    return ms;
  }

  /** Asks for a standing answer. @returns milliseconds */
  async ask(customer: string): Promise<number> {
    const startedAt = performance.now();
    const response = await fetch(`${this.url}/api/v1/analyze/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ customer_id: customer, analyze_type: 10000 }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return performance.now() - startedAt;
  }

  /** Peak resident memory of the main process and of the engine process, in bytes; null where /proc does not tell. */
  async peakMemory(): Promise<{ readonly main: number; readonly engine: number } | null> {
    const { pid } = this.#child;
    try {
      const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
      const engine = children.trim().split(' ')[0];
      return { main: await peakBytes(`${pid}`), engine: await peakBytes(`${engine}`) };
    } catch {
      return null;
    }
  }

  async stop(): Promise<void> {
    const exited = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGINT');
    await exited;
  }
}

async function peakBytes(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024;
}
