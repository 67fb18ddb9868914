import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 60_000;
const MAX_STARTS = 20;

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
    const started = spawn(program, args, options);
    child = started;
    const failed = new Promise<never>((_, reject) => started.once('error', reject));
    while (!(await Promise.race([answers(), failed]))) {
      if (started.exitCode !== null || started.signalCode !== null || performance.now() > until) return false;
      await sleep(20);
    }
    return true;
  };
  const killAtExit = (): void => void child?.kill('SIGKILL');
  process.on('exit', killAtExit);
  return {
    async start() {
      const until = performance.now() + START_MS;
      // Processes of a PostgreSQL that was killed may take a moment to end, and until then it does not start again.
      for (let starts = 1; !(await startOnce(until)); starts++) {
        if (starts === MAX_STARTS || performance.now() > until) {
          throw new Error(`${command[0]} did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`);
        }
        await sleep(200);
      }
    },
    async kill(signal = 'SIGKILL') {
      const running = child;
      child = null;
      if (!running || running.exitCode !== null || running.signalCode !== null) return;
      const exited = once(running, 'exit');
      running.kill(signal);
      // It may be paused.
      running.kill('SIGCONT');
      await exited;
    },
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
  };
}
