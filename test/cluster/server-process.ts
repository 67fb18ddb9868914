import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { endWithThis } from '../../harness/end-with-this.ts';

const START_MS = 60_000;
const MAX_STARTS = 20;
/** How long the processes of a server that was killed may take to end. */
const WORKERS_MS = 5_000;

/** A server that a test starts, kills, pauses and starts again on the same files and port. */
export interface ServerProcess {
  /** Starts the process, and waits until it answers. */
  start(): Promise<void>;
  /** Ends the process, at once as kill -9 does, or as the signal does. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Stops the process from running until `resume`. Connections stay open. */
  pause(): void;
  resume(): void;
}

/**
 * @param log the file that has the output of the process
 * @param answers resolves to true once the server can be used
 */
export function serverProcess(
  command: readonly [string, ...string[]],
  options: SpawnOptions,
  log: string,
  answers: () => Promise<boolean>,
): ServerProcess {
  let child: ChildProcess | null = null;
  /** @returns false if the process ended before it answered */
  const startOnce = async (until: number): Promise<boolean> => {
    const [program, ...args] = command;
    const started = endWithThis(spawn(program, args, options));
    child = started;
    const failed = new Promise<never>((_, reject) => started.once('error', reject));
    while (!(await Promise.race([answers(), failed]))) {
      if (started.exitCode !== null || started.signalCode !== null || performance.now() > until) return false;
      await sleep(20);
    }
    return true;
  };
  /** Changes when the server is to be started or killed: a start that is under way is given up. */
  let order = 0;
  const start = async (): Promise<void> => {
    const own = ++order;
    const until = performance.now() + START_MS;
    // Processes of a PostgreSQL that was killed may take a moment to end, and until then it does not start again.
    for (let starts = 1; !(await startOnce(until)); starts++) {
      if (own !== order) return;
      if (starts === MAX_STARTS || performance.now() > until) {
        throw new Error(`${command[0]} did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`);
      }
      await sleep(200);
      if (own !== order) return;
    }
    const started = child;
    started?.once('exit', (code, signal) => {
      if (child !== started) return;
      // As a supervisor does. The library of ClickHouse aborts when another shard resets a connection, as it does if a query over both is cancelled: a server
      // logs that, by an error handler that the library does not have.
      process.stderr.write(`${command.at(-1)} ended (${signal ?? code}), and is started again\n`);
      start().catch(() => undefined);
    });
  };
  return {
    start,
    async kill(signal = 'SIGKILL') {
      const running = child;
      child = null;
      order++;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const exited = once(running, 'exit');
      const workers = childrenOf(running.pid);
      running.kill(signal);
      // It may be paused.
      running.kill('SIGCONT');
      await exited;
      // They end on their own, but on a busy machine one may answer once more.
      for (const until = performance.now() + WORKERS_MS; workers.some(isRunning) && performance.now() < until; ) {
        await sleep(5);
      }
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
}

/** @returns none on platforms that do not say */
function childrenOf(pid: number | undefined): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  } catch {
    return [];
  }
}

/** Whether a process has not ended, even if nobody has asked for its exit code. */
function isRunning(pid: string): boolean {
  try {
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
