import type { Command } from 'commander';
import type { CreateCustomer } from '../../src/api/customers.ts';
import type { Cli } from '../cli.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { jsonArgument } from '../parse-arguments.ts';
import { count } from '../quantities.ts';
import { jsonLine } from '../terminal.ts';
import { openTable } from '../text-table.ts';

export function define(command: Command, cli: Cli): void {
  const list = command
    .command('list', { isDefault: true })
    .description('List all customers. Requires the administrator key');
  list.action(cli.runs(() => listCustomers(cli, list)));
  const show = command.command('show').description('Show a customer').argument('<id>');
  show.action(cli.runs((id: string) => showCustomer(cli, show, id)));
  const create = command
    .command('create')
    .description('Create a customer and its first API key, which is shown only once')
    .argument('<id>')
    .option('--time-column <name>', 'the column with the time of a row')
    .option('--columns <json>', 'declared columns as JSON, @file, or -')
    .option('--defaults <json>', 'default options of uploads as JSON, @file, or -');
  create.action(cli.runs((id: string, flags: CreateFlags) => createCustomer(cli, create, id, flags)));
  const remove = command
    .command('delete')
    .description('Delete a customer, its table and its keys')
    .argument('<id>')
    .option('-y, --yes', 'do not ask');
  remove.action(cli.runs((id: string, flags: { yes?: true }) => deleteCustomer(cli, remove, id, flags.yes ?? false)));
}

interface CreateFlags {
  readonly timeColumn?: string;
  readonly columns?: string;
  readonly defaults?: string;
}

async function listCustomers({ terminal, signal, ...cli }: Cli, command: Command): Promise<void> {
  const { thena, json } = await cli.connect(command);
  const output = openTable(terminal, ['customer', 'rows', 'columns', 'latest', 'created']);
  for await (const customer of thena.customers({ signal })) {
    const { id, table, created_at } = customer;
    if (json) await terminal.write(jsonLine(customer));
    else await output.add([id, table?.rows ?? 0, table?.columns.length ?? 0, table?.latest_at ?? '', created_at]);
  }
  if (!json) await output.end();
}

async function showCustomer({ terminal, signal, ...cli }: Cli, command: Command, id: string): Promise<void> {
  const { thena, json } = await cli.connect(command);
  const customer = await thena.customer(id, { signal });
  if (json) return await terminal.write(jsonLine(customer));
  const { table, created_at } = customer;
  await terminal.write(
    `Customer ${customer.id}, created ${created_at}: ${table ? count(table.rows, 'row') : 'no table'}\n`,
  );
  const columns = openTable(terminal, ['column', 'type']);
  for (const { name, type } of table?.columns ?? []) await columns.add([name, type]);
  await columns.end();
}

async function createCustomer(cli: Cli, command: Command, id: string, flags: CreateFlags): Promise<void> {
  const { thena, json } = await cli.connect(command);
  const { timeColumn, columns, defaults } = flags;
  // The server checks them.
  const declared = {
    customer_id: id,
    ...(timeColumn !== undefined && { time_column: timeColumn }),
    ...(columns !== undefined && { columns: await jsonArgument(columns, 'the columns') }),
    ...(defaults !== undefined && { defaults: await jsonArgument(defaults, 'the defaults') }),
  } as CreateCustomer;
  const created = await thena.createCustomer(declared);
  if (json) return await cli.terminal.write(jsonLine(created));
  cli.terminal.note(`Created customer ${created.customer.id}. Its key, shown only now:`);
  await cli.terminal.write(`${created.api_key.key}\n`);
}

async function deleteCustomer(cli: Cli, command: Command, id: string, yes: boolean): Promise<ExitCode> {
  const { thena } = await cli.connect(command);
  const { table } = await thena.customer(id, { signal: cli.signal });
  const question = `Delete customer ${id} with its keys and ${count(table?.rows ?? 0, 'row')}?`;
  if (!yes && !(await cli.terminal.confirm(question, '--yes'))) {
    cli.terminal.note('Nothing was changed.');
    return EXIT.failed;
  }
  await thena.deleteCustomer(id);
  cli.terminal.note(`Deleted customer ${id}.`);
  return EXIT.ok;
}
