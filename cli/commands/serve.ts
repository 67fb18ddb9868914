import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { ExitCode } from '../exit-codes.ts';

const SETTINGS = { host: 'THENA_HOST', port: 'THENA_PORT', dataDir: 'THENA_DATA_DIR' } as const;

export function define(command: Command, cli: Cli): void {
  command
    .option('--host <address>', 'address to listen on (THENA_HOST)')
    .option('--port <port>', 'port to listen on (THENA_PORT)')
    .option('--data-dir <folder>', 'folder for all data (THENA_DATA_DIR)')
    .addHelpText('after', '\nAll settings are environment variables, listed in docs/settings.md.')
    .action(cli.runs((flags: Readonly<Record<keyof typeof SETTINGS, string | undefined>>) => serve(cli, flags)));
}

/** In a process of its own, which is asked to stop by a message and ends with this one. */
function serve(
  { env, signal }: Cli,
  flags: Readonly<Record<keyof typeof SETTINGS, string | undefined>>,
): Promise<ExitCode> {
  const given = Object.entries(SETTINGS).flatMap(([flag, name]) => {
    const value = flags[flag as keyof typeof SETTINGS];
    return value === undefined ? [] : [[name, value]];
  });
  const server = spawn(process.execPath, [mainPath()], {
    env: { ...env, ...Object.fromEntries(given) },
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  signal.addEventListener('abort', () => server.connected && server.send({ stop: 'SIGINT' }, () => undefined));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', (code) => resolve((code ?? 1) as ExitCode));
  });
}

function mainPath(): string {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  return fileURLToPath(new URL(`../../src/main.${extension}`, import.meta.url));
}
