import { type Command, Option } from 'commander';
import type { KeyRight } from '../../src/api/keys.ts';
import type { Cli } from '../cli.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { jsonLine } from '../terminal.ts';
import { openTable } from '../text-table.ts';

const RIGHTS = ['read', 'upload', 'undo'] as const satisfies readonly KeyRight[];

interface CreateFlags {
  readonly label?: string;
  readonly right?: readonly KeyRight[];
}

export function define(command: Command, cli: Cli): void {
  const list = command.command('list', { isDefault: true }).description('List the keys of a customer');
  list.action(cli.runs(() => listKeys(cli, list)));
  const create = command
    .command('create')
    .description('Create a key, which is shown only once')
    .option('--label <text>', 'what the key is for')
    .addOption(new Option('--right <right...>', 'permissions; default: all').choices(RIGHTS));
  create.action(cli.runs((flags: CreateFlags) => createKey(cli, create, flags)));
  const revoke = command
    .command('revoke')
    .description('Revoke a key')
    .argument('<key-id>', 'such as key_0123456789abcdef01')
    .option('-y, --yes', 'do not ask');
  revoke.action(cli.runs((id: string, flags: { yes?: true }) => revokeKey(cli, revoke, id, flags.yes ?? false)));
}

async function listKeys({ terminal, signal, ...cli }: Cli, command: Command): Promise<void> {
  const { thena, json, customer } = await cli.connect(command);
  const table = openTable(terminal, ['key', 'label', 'rights', 'created', 'revoked']);
  for (const key of await thena.keys(await customer(), { signal })) {
    if (json) await terminal.write(jsonLine(key));
    else await table.add([key.id, key.label ?? '', key.rights.join(','), key.created_at, key.revoked_at ?? '']);
  }
  if (!json) await table.end();
}

async function createKey(cli: Cli, command: Command, { label, right }: CreateFlags): Promise<void> {
  const { thena, json, customer } = await cli.connect(command);
  const id = await customer();
  const key = await thena.createKey(id, { ...(label && { label }), ...(right && { rights: [...right] }) });
  if (json) return await cli.terminal.write(jsonLine(key));
  cli.terminal.note(`Created ${key.id} of customer ${id}. The key, shown only now:`);
  await cli.terminal.write(`${key.key}\n`);
}

async function revokeKey(cli: Cli, command: Command, keyId: string, yes: boolean): Promise<ExitCode> {
  const { thena, customer } = await cli.connect(command);
  const id = await customer();
  if (!yes && !(await cli.terminal.confirm(`Revoke ${keyId} of customer ${id}?`, '--yes'))) {
    cli.terminal.note('Nothing was changed.');
    return EXIT.failed;
  }
  await thena.revokeKey(id, keyId);
  cli.terminal.note(`Revoked ${keyId}.`);
  return EXIT.ok;
}
