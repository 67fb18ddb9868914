import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Why system calls cannot be tampered with here, or false where they can. */
export const NO_STRACE: string | false = whyNoStrace();

export interface Tampering {
  /** Lets go of the process, if it still runs. */
  end(): Promise<void>;
}

/**
 * Tampers with system calls of a running process and all of its threads, not with the processes it has started.
 *
 * @param injection as strace's `-e inject=` takes it: `fsync:signal=SIGKILL:when=3` kills it at a thread's third fsync from now
 */
export async function tamper(pid: number, injection: string): Promise<Tampering> {
  const calls = injection.slice(0, injection.indexOf(':'));
  const args = ['-f', '-e', `trace=${calls}`, '-e', `inject=${injection}`, '-o', '/dev/null', '-p', String(pid)];
  const strace = spawn('strace', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = new Promise<void>((resolve) => strace.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    let told = '';
    strace.stderr.on('data', (text: Buffer) => {
      told += text;
      if (told.includes('attached')) resolve();
    });
    // The process may have ended in between: then there is nothing to tamper with.
    strace.once('exit', () => (told.includes('No such process') ? resolve() : reject(new Error(`strace: ${told}`))));
  });
  return {
    async end() {
      strace.kill('SIGTERM');
      await exited;
    },
  };
}

/** The process that a process has started, such as its engine; null where there is none now. Linux only. */
export function childOf(pid: number): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]) || null;
  } catch {
    return null;
  }
}

function whyNoStrace(): string | false {
  if (process.platform !== 'linux' || spawnSync('strace', ['-V']).status !== 0) return 'needs strace';
  const sleeper = spawn('sleep', ['10'], { stdio: 'ignore' });
  const { stderr } = spawnSync('strace', ['-o', '/dev/null', '-p', String(sleeper.pid)], { timeout: 500 });
  sleeper.kill('SIGKILL');
  return !String(stderr).includes('attached') && 'strace may not attach to running processes here';
}
