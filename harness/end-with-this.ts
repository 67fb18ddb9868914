import type { ChildProcess } from 'node:child_process';
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The processes that have not ended, and the signals that end them. */
const running = new Map<ChildProcess, NodeJS.Signals>();

/**
 * Ends a process when this one ends, also if a signal ends this one, as that of a test runner that is interrupted does.
 *
 * @param signal SIGKILL cannot be ignored; a process with processes of its own may need another one
 */
export function endWithThis<T extends ChildProcess>(child: T, signal: NodeJS.Signals = 'SIGKILL'): T {
  running.set(child, signal);
  child.once('exit', () => running.delete(child));
  return child;
}

process.on('exit', () => {
  for (const [child, signal] of running) child.kill(signal);
});
// Without a handler, a signal ends this process before it can do that.
for (const signal of SIGNALS) process.once(signal, () => process.exit(128 + constants.signals[signal]));
