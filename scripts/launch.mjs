import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { basename } from 'node:path';

/**
 * Runs a program on this terminal and waits for it.
 *
 * Ctrl-C reaches the whole process group, so SIGINT is not passed on as a signal: the program would see it twice, and take
 * the second one as an order to drop everything. A program with a channel is told by message instead, which it may hear
 * any number of times, and which also reaches it where only this process was signalled. The channel closes with this
 * process, however that ends, so that the program never outlives it unnoticed.
 *
 * @param {string} program path of an executable
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, channel?: boolean, stdio?: import('node:child_process').StdioOptions }} options
 * @returns {Promise<number>} its exit code, or 128 + the number of the signal that ended it
 */
export function launch(program, args, { cwd, env = process.env, channel = false, stdio = 'inherit' }) {
  const child = spawn(program, args, { cwd, env, stdio: channel ? ['inherit', 'inherit', 'inherit', 'ipc'] : stdio });
  /** @param {NodeJS.Signals} signal */
  const pass = (signal) => {
    // A channel that has just closed means that the program is ending already.
    if (channel) child.connected && child.send({ stop: signal }, () => {});
    else if (signal !== 'SIGINT') child.kill(signal);
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
  for (const signal of signals) process.on(signal, pass);
  // npm passes a SIGTERM to its shell only, which ends without a word to this process.
  const parent = process.ppid;
  const watch = setInterval(() => process.env.npm_lifecycle_event && process.ppid !== parent && pass('SIGTERM'), 500);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      // Such as SIGKILL, where memory was short: the program could not say so itself.
      if (signal && !signals.includes(signal))
        process.stderr.write(`Thena: ${basename(program)} was ended by ${signal}.\n`);
      resolve(code ?? 128 + (signal ? constants.signals[signal] : 0));
    });
  }).finally(() => {
    clearInterval(watch);
    for (const signal of signals) process.off(signal, pass);
  });
}
