import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';

/**
 * Runs a program on this terminal and waits for it.
 *
 * Ctrl-C reaches the whole process group, so SIGINT is not forwarded as a signal: the program would receive it twice and exit at
 * once. A program with an IPC channel receives a message instead. Repeated messages are harmless, and the message also arrives if
 * only this process was signalled. The channel closes when this process ends, for whatever reason, so that the program never
 * outlives it.
 *
 * @param {string} program path of an executable
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, channel?: boolean, stdio?: import('node:child_process').StdioOptions }} options
 * @returns {Promise<number>} its exit code, or 128 + the number of the signal that terminated it
 */
export function launch(program, args, { cwd, env = process.env, channel = false, stdio = 'inherit' }) {
  const child = spawn(program, args, { cwd, env, stdio: channel ? ['inherit', 'inherit', 'inherit', 'ipc'] : stdio });
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    // If the channel is closed, the program is already ending.
    if (channel) child.connected && child.send({ stop: signal }, () => {});
    else if (signal !== 'SIGINT') child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  // npm forwards SIGTERM to its shell only, which exits without signalling this process.
  const parent = process.ppid;
  const watch = setInterval(() => process.env.npm_lifecycle_event && process.ppid !== parent && pass('SIGTERM'), 500);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      // For example SIGKILL when the machine is out of memory: the program could not report that.
      if (signal && !signals.includes(signal))
        process.stderr.write(`Thena: ${basename(program)} was terminated by ${signal}.\n`);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  }).finally(() => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, pass);
  });
}
