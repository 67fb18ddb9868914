import { spawn, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Why strace cannot inject faults into system calls here; false if it can. */
export const NO_STRACE: string | false = whyNoStrace();

const INJECTED = '(INJECTED)';
/** How long strace may take to detach before it is killed. */
const DETACH_GRACE_MS = 2_000;

export interface Tampering {
  /** How many calls it has made fail so far. */
  failed(): number;
  /** Detaches from the process, if it is still running. */
  end(): Promise<void>;
}

/**
 * Injects faults into system calls of a running process, in all of its threads, but not into those of its children.
 *
 * @param injection in the syntax of strace's `-e inject=`: `fsync:signal=SIGKILL:when=3` kills the process at the third fsync of a
 *   thread from now on, `fsync:error=EIO:when=3` makes that fsync fail
 * @param only the threads to which it is limited (default: all, including new ones); `once` detaches at the first call
 *   that failed, since strace counts the calls of each thread on its own
 */
export async function tamper(
  pid: number,
  injection: string,
  only: { readonly threads?: readonly number[]; readonly once?: boolean } = {},
): Promise<Tampering> {
  const { threads = [], once = false } = only;
  const calls = injection.slice(0, injection.indexOf(':'));
  const targets = threads.length === 0 ? ['-f', '-p', `${pid}`] : threads.flatMap((thread) => ['-p', `${thread}`]);
  const args = ['-e', `trace=${calls}`, '-e', 'status=failed', '-e', `inject=${injection}`, ...targets];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise<void>((resolve) => strace.once('exit', () => resolve()));
  let output = '';
  await new Promise<void>((resolve, reject) => {
    strace.stderr.on('data', (text: Buffer) => {
      output += text;
      if (once && output.includes(INJECTED)) strace.kill('SIGTERM');
      if (output.split('attached').length > Math.max(1, threads.length)) resolve();
    });
    // The process may have ended in the meantime.
    strace.once('exit', () =>
      output.includes('No such process') ? resolve() : reject(new Error(`strace: ${output}`)),
    );
  });
  return {
    failed: () => output.split(INJECTED).length - 1,
    async end() {
      strace.kill('SIGTERM');
      // It was seen to wait in wait4 for a thread that had ended, for minutes. Its death, too, detaches it from the process.
      const impatience = setTimeout(() => strace.kill('SIGKILL'), DETACH_GRACE_MS);
      await exited;
      clearTimeout(impatience);
    },
  };
}

/** The threads of a process whose names start with `name`. Linux only. */
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
