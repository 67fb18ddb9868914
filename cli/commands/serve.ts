import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { ExitCode } from '../exit-codes.ts';
import { runServerProgram } from '../run-server-program.ts';

const SETTINGS = { host: 'THENA_HOST', port: 'THENA_PORT', dataDir: 'THENA_DATA_DIR' } as const;

export function define(command: Command, cli: Cli): void {
  command
    .option('--host <address>', 'address to listen on (THENA_HOST)')
    .option('--port <port>', 'port to listen on (THENA_PORT)')
    .option('--data-dir <folder>', 'folder for all data (THENA_DATA_DIR)')
    .addHelpText('after', '\nAll settings are environment variables, listed in docs/settings.md.')
    .action(cli.runs((flags: Readonly<Record<keyof typeof SETTINGS, string | undefined>>) => serve(cli, flags)));
}

function serve(cli: Cli, flags: Readonly<Record<keyof typeof SETTINGS, string | undefined>>): Promise<ExitCode> {
  const given = Object.entries(SETTINGS).flatMap(([flag, name]) => {
    const value = flags[flag as keyof typeof SETTINGS];
    return value === undefined ? [] : [[name, value]];
  });
  return runServerProgram(cli, 'main', { environment: Object.fromEntries(given) });
}
