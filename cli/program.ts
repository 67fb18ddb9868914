import { Command, Option } from 'commander';
import type { Cli } from './cli.ts';

interface CommandModule {
  /** Adds arguments, options and the action. */
  define(command: Command, cli: Cli): void;
}

/** All commands. Only the module of the one that runs is loaded. */
const COMMANDS: Readonly<Record<string, readonly [summary: string, load: () => Promise<CommandModule>]>> = {
  serve: ['start a server on this machine', () => import('./commands/serve.ts')],
  upload: ['upload CSV files', () => import('./commands/upload.ts')],
  uploads: ['list the uploads of a customer', () => import('./commands/uploads.ts')],
  status: ['show an upload', () => import('./commands/status.ts')],
  cancel: ['cancel an unfinished upload', () => import('./commands/cancel.ts')],
  undo: ['take a complete upload back', () => import('./commands/undo.ts')],
  retry: ['process a failed upload again', () => import('./commands/retry.ts')],
  rejects: ['list the rejected rows of an upload', () => import('./commands/rejects.ts')],
  rows: ['list the rows of the table', () => import('./commands/rows.ts')],
  query: ['run a query', () => import('./commands/query.ts')],
  analyze: ['run an analysis by its name or number', () => import('./commands/analyze.ts')],
  export: ['download the table', () => import('./commands/export.ts')],
  customers: ['list, create and delete customers', () => import('./commands/customers.ts')],
  keys: ['list, create and revoke API keys of a customer', () => import('./commands/keys.ts')],
  doctor: ['check the settings and the server', () => import('./commands/doctor.ts')],
  move: ['move all data into a cluster, or out of it', () => import('./commands/move.ts')],
  login: ['save the address and the key of a server', () => import('./commands/login.ts')],
};

/** @param args what follows the name of the program */
export async function createProgram(cli: Cli, args: readonly string[], version: string): Promise<Command> {
  const program = new Command('thena')
    .description('Upload CSV files to a Thena server, and analyze them.')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [command]', 'print help for a command')
    .showHelpAfterError('Run it with --help for its options.')
    .exitOverride();
  const named = args.find((arg) => Object.hasOwn(COMMANDS, arg));
  const completes = args[0] === 'complete' || args[0] === 'completion';
  for (const [name, [summary, load]] of Object.entries(COMMANDS)) {
    const command = program
      .command(name)
      .description(`${summary[0]?.toUpperCase()}${summary.slice(1)}`)
      .summary(summary);
    if (name === named || completes) (await load()).define(command, cli);
    if (name !== 'serve' && name !== 'move') addServerOptions(command);
  }
  if (completes) (await import('@bomb.sh/tab/commander')).default(program, { completionCommandName: 'completion' });
  else program.command('completion').summary('print a completion script for a shell').argument('<shell>');
  return program;
}

/** The key is no option: other users of the machine would see it in the list of processes. */
function addServerOptions(command: Command): void {
  for (const target of command.commands.length > 0 ? command.commands : [command]) {
    target.optionsGroup('Server options:');
    target.addOption(new Option('--url <url>', 'address of the server (THENA_URL)'));
    target.addOption(new Option('--key-file <file>', 'file with the API key; - is standard input (THENA_KEY)'));
    target.addOption(new Option('-c, --customer <id>', 'the customer (THENA_CUSTOMER); default: the owner of the key'));
    target.addOption(new Option('--json', 'write JSON: one document per line'));
  }
}
