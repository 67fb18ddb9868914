import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const START_MS = 60_000;

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
  const killAtExit = (): void => void child?.kill('SIGKILL');
  process.on('exit', killAtExit);
  return {
    async start() {
      const [program, ...args] = command;
      const started = spawn(program, args, options);
      child = started;
      const failed = new Promise<never>((_, reject) => started.once('error', reject));
      const until = performance.now() + START_MS;
      while (!(await Promise.race([answers(), failed]))) {
        if (started.exitCode !== null || started.signalCode !== null || performance.now() > until) {
          throw new Error(`${program} did not start:\n${readFileSync(log, 'utf8').slice(-4000)}`);
        }
        await sleep(20);
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
