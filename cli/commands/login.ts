import type { Command } from 'commander';
import { createClient } from '../../client/create-client.ts';
import { isProblem } from '../../client/thena-problem.ts';
import type { Cli } from '../cli.ts';
import { configPath, normalUrl, saveLogin } from '../settings.ts';

export function define(command: Command, cli: Cli): void {
  command
    .addHelpText(
      'after',
      '\nAsks for what is not given. The key is read without an echo, or from a file: thena login --url <url> --key-file <file>\nWith --customer, that customer is the default of all commands.',
    )
    .action(cli.runs(() => login(cli, command)));
}

/** Checks the server and the key before it saves them. */
async function login(cli: Cli, command: Command): Promise<void> {
  const { terminal, signal, env } = cli;
  const { settings } = await cli.connect(command);
  const flags = command.optsWithGlobals<{ url?: string; keyFile?: string; customer?: string }>();
  const given = flags.url ?? env.THENA_URL;
  const url = normalUrl(given ?? ((await terminal.ask(`Address of the server [${settings.url}]: `)) || settings.url));
  const open = await isOpen(url, signal);
  const key = flags.keyFile || env.THENA_KEY ? settings.key : null;
  const typed = open || key ? key : await terminal.ask('API key: ', { hidden: true });
  const caller = await createClient({ url, key: open ? null : typed }).currentSession({ signal });
  const customer = flags.customer ?? caller.customer_id;
  const path = configPath(env);
  saveLogin(path, { url, key: open ? null : typed, customer });
  const who =
    caller.role === 'customer'
      ? `customer ${caller.customer_id}`
      : caller.role === 'admin'
        ? 'the administrator'
        : 'anyone';
  terminal.note(
    `Saved ${url} for ${who}${customer && caller.role !== 'customer' ? `, with customer ${customer}` : ''}, in ${path}.`,
  );
}

/** Whether the server runs without keys. */
async function isOpen(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await createClient({ url }).currentSession({ signal })).role === 'open';
  } catch (error) {
    if (isProblem(error, 'key_missing')) return false;
    throw error;
  }
}
