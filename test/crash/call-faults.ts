import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Why system calls cannot be tampered with here, or false where they can. */
export const NO_STRACE: string | false = whyNoStrace();

const INJECTED = '(INJECTED)';

export interface Tampering {
  /** How often it has made a call fail so far. */
  failed(): number;
  /** Lets go of the process, if it still runs. */
  end(): Promise<void>;
}

/**
 * Tampers with system calls of a running process and all of its threads, not with the processes it has started.
 *
 * @param injection as strace's `-e inject=` takes it: `fsync:signal=SIGKILL:when=3` kills it at a thread's third fsync from now,
 *   `fsync:error=EIO:when=3` makes that one fail
 * @param only the threads and the paths whose calls are meant, none being all there are and will be; `once` lets go at the
 *   first call that failed, as strace counts the calls of each thread
 */
export async function tamper(
  pid: number,
  injection: string,
  only: { readonly threads?: readonly number[]; readonly paths?: readonly string[]; readonly once?: boolean } = {},
): Promise<Tampering> {
  const { threads = [], paths = [], once = false } = only;
  const calls = injection.slice(0, injection.indexOf(':'));
  const targets = threads.length === 0 ? ['-f', '-p', `${pid}`] : threads.flatMap((thread) => ['-p', `${thread}`]);
  const args = ['-e', `trace=${calls}`, '-e', 'status=failed', '-e', `inject=${injection}`, ...targets];
  for (const path of paths) args.push('-P', path);
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise<void>((resolve) => strace.once('exit', () => resolve()));
  let told = '';
  await new Promise<void>((resolve, reject) => {
    strace.stderr.on('data', (text: Buffer) => {
      told += text;
      if (once && told.includes(INJECTED)) strace.kill('SIGTERM');
      if (told.split('attached').length > Math.max(1, threads.length)) resolve();
    });
    // The process may have ended in between: then there is nothing to tamper with.
    strace.once('exit', () => (told.includes('No such process') ? resolve() : reject(new Error(`strace: ${told}`))));
  });
  return {
    failed: () => told.split(INJECTED).length - 1,
    async end() {
      strace.kill('SIGTERM');
      await exited;
    },
  };
}

/** The threads of a process whose names begin so. Linux only. */
export function threadsOf(pid: number, name: string): readonly number[] {
  const tasks = readdirSync(`/proc/${pid}/task`).map(Number);
  return tasks.filter((task) => readFileSync(`/proc/${pid}/task/${task}/comm`, 'utf8').startsWith(name));
}

function whyNoStrace(): string | false {
  if (process.platform !== 'linux' || spawnSync('strace', ['-V']).status !== 0) return 'needs strace';
  const sleeper = spawn('sleep', ['10'], { stdio: 'ignore' });
  const { stderr } = spawnSync('strace', ['-o', '/dev/null', '-p', String(sleeper.pid)], { timeout: 500 });
  sleeper.kill('SIGKILL');
  return !String(stderr).includes('attached') && 'strace may not attach to running processes here';
}
