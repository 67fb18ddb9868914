import type { Command } from 'commander';
import { createClient, type ThenaClient } from '../client/create-client.ts';
import { EXIT, type ExitCode, UsageError } from './exit-codes.ts';
import { type GlobalFlags, isInClear, readSettings, type Settings } from './settings.ts';
import { openTerminal, type Terminal } from './terminal.ts';

/** What a command needs of its process. */
export interface Cli {
  readonly terminal: Terminal;
  readonly env: NodeJS.ProcessEnv;
  /** Aborted by Ctrl-C, with `Interrupted`. */
  readonly signal: AbortSignal;
  /** The server and the options that the command line names. */
  connect(command: Command): Promise<Server>;
  /** Makes a function the action of a command. It returns an exit code, or nothing if all went well. */
  runs<Args extends unknown[]>(
    act: (...args: Args) => Promise<ExitCode | undefined> | Promise<void>,
  ): (...args: Args) => Promise<void>;
  exitCode: ExitCode;
}

export interface Server {
  readonly thena: ThenaClient;
  readonly settings: Settings;
  /** Whether data are written as JSON. */
  readonly json: boolean;
  /** The customer that is named by an option, the environment or the config file, or that the key belongs to. @throws UsageError */
  customer(): Promise<string>;
}

export function createCli(env: NodeJS.ProcessEnv, signal: AbortSignal): Cli {
  const cli: Cli = {
    terminal: openTerminal(signal),
    env,
    signal,
    exitCode: EXIT.ok,
    async connect(command) {
      const flags = command.optsWithGlobals<GlobalFlags>();
      const settings = await readSettings(flags, env);
      if (settings.key && isInClear(settings.url) && !flags.json) {
        cli.terminal.note(
          `Warning: the API key is sent unencrypted to ${settings.url}. Use https, except in a private network.`,
        );
      }
      const thena = createClient(settings);
      return {
        thena,
        settings,
        json: flags.json ?? false,
        async customer() {
          const id = settings.customer ?? (settings.key ? (await thena.currentSession({ signal })).customer_id : null);
          if (id !== null) return id;
          throw new UsageError(
            'Which customer? Name it with --customer or THENA_CUSTOMER, or save it with `thena login`.',
          );
        },
      };
    },
    runs:
      (act) =>
      async (...args) => {
        cli.exitCode = ((await act(...args)) as ExitCode | undefined) ?? EXIT.ok;
      },
  };
  return cli;
}
