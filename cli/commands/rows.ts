import type { Command } from 'commander';
import type { Condition } from '../../src/api/queries.ts';
import type { Cli } from '../cli.ts';
import { commaSeparated, condition, wholeNumber } from '../parse-arguments.ts';
import { tableOutput } from '../table-output.ts';

const MOST_ROWS = 1000;

interface Flags {
  readonly columns?: readonly string[];
  readonly where?: Condition;
  readonly limit: number;
  readonly offset?: number;
  readonly all?: true;
  readonly csv?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .option(
      '--columns <names>',
      'columns, separated by commas; repeat the option for a name with a comma',
      commaSeparated,
    )
    .option('--where <condition>', 'only rows that fit a condition, as JSON', condition)
    .option('-n, --limit <n>', 'how many rows', wholeNumber, 100)
    .option('--offset <n>', 'number of the first row, from 0', wholeNumber)
    .option('--all', 'all rows')
    .option('--csv', 'write CSV')
    .addHelpText('after', `\nFor example: thena rows --where '{"column":"amount","op":">","value":0}'`)
    .action(cli.runs((flags: Flags) => rows(cli, command, flags)));
}

async function rows(cli: Cli, command: Command, flags: Flags): Promise<void> {
  const { thena, json, customer } = await cli.connect(command);
  const id = await customer();
  const { columns, where, offset } = flags;
  let left = flags.all ? Number.POSITIVE_INFINITY : flags.limit;
  const output = tableOutput(cli.terminal, flags.csv ? 'csv' : json ? 'json' : 'text');
  let cursor: string | null = null;
  let start: { readonly offset?: number } = offset === undefined ? {} : { offset };
  do {
    const limit = Math.max(1, Math.min(MOST_ROWS, left));
    const page = await thena.rowsPage(id, { columns, where, limit, cursor, ...start, signal: cli.signal });
    await output.columns(page.columns.map(({ name }) => name));
    for (const row of page.rows.slice(0, left)) await output.row(row);
    left -= page.rows.length;
    cursor = page.next_cursor;
    start = {};
  } while (cursor !== null && left > 0);
  await output.end();
}
