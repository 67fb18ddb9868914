import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Cli } from './cli.ts';
import type { ExitCode } from './exit-codes.ts';

/**
 * Runs a program of `src/` in a process of its own, which is asked to stop by a message and ends with this one.
 *
 * @param environment variables besides those of this process
 */
export function runServerProgram(
  { env, signal }: Cli,
  program: 'main' | 'move-main',
  { args = [], environment = {} }: { args?: readonly string[]; environment?: Readonly<Record<string, string>> },
): Promise<ExitCode> {
  const child = spawn(process.execPath, [pathOf(program), ...args], {
    env: { ...env, ...environment },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  signal.addEventListener('abort', () => child.connected && child.send({ stop: 'SIGINT' }, () => undefined));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve((code ?? 1) as ExitCode));
  });
}

function pathOf(program: string): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../src/${program}.${extension}`, import.meta.url));
}
