import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endWithThis } from './end-with-this.ts';

/** Thena ends within ten seconds, but the machine may be busy. */
const END_GRACE_MS = 30_000;
const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Thena in a process of its own, as users run it: it can be stopped, and it can be killed. */
export interface ThenaProcess {
  readonly child: ChildProcess;
  /** Without a trailing slash. */
  readonly url: string;
  /**
   * Sends a signal and waits for the process to exit.
   *
   * @throws Error if it does not, after it was killed
   */
  end(signal: NodeJS.Signals): Promise<void>;
}

/**
 * Starts Thena on a free port. It ends with this process at the latest.
 *
 * @param dataDir created if it does not exist
 * @param under a program that runs Thena, with its arguments, such as strace
 * @param environment settings, and other variables of its environment, which is empty but for those that any process needs
 */
export async function startThenaProcess(
  dataDir: string,
  under: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
): Promise<ThenaProcess> {
  const [program = process.execPath, ...rest] = [...under, process.execPath, MAIN];
  const child = spawn(program, rest, {
    env: { ...inheritedVariables(), THENA_PORT: '0', THENA_DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  endWithThis(child);
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
      let isStuck = false;
      const impatience = setTimeout(() => {
        isStuck = true;
        child.kill('SIGKILL');
      }, END_GRACE_MS);
      await exited;
      clearTimeout(impatience);
      if (isStuck) throw new Error(`Thena did not end within ${END_GRACE_MS} ms of ${signal}`);
    },
  };
}

/** Variables that any process needs; none of Thena's, which would change its settings. */
export function inheritedVariables(): NodeJS.ProcessEnv {
  // Windows finds neither its libraries nor its folder of temporary files without these. Compiling takes a third of a start.
  const names = ['PATH', 'SystemRoot', 'TEMP', 'TMP', 'NODE_COMPILE_CACHE'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
