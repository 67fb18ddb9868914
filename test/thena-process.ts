import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Thena in a process of its own, as a user runs it: it can be stopped, and it can be killed. */
export interface ThenaProcess {
  readonly child: ChildProcess;
  /** Without a slash at the end. */
  readonly url: string;
  /** Ends it by a signal, and waits until it has ended. */
  end(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts Thena on any free port, on a data folder that is there or will be made.
 *
 * @param under a program that runs Thena, with its arguments
 * @param environment settings, and what else it is to find there
 */
export async function startThenaProcess(
  dataDir: string,
  under: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ThenaProcess> {
  const [program = process.execPath, ...rest] = [...under, process.execPath, MAIN];
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, THENA_PORT: '0', THENA_DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = '';
  const read = (text: Buffer): void => {
    if (output.length > 10_000) return;
    output += text;
    const url = /"url":"(http:[^"]+)"/.exec(output)?.[1];
    if (url) resolve(url);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  child.once('exit', () => reject(new Error(`Thena did not start: ${output}`)));
  const url = await promise;
  return {
    child,
    url,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = new Promise((ended) => child.once('exit', ended));
      child.kill(signal);
      await exited;
    },
  };
}
