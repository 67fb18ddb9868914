import type { Command } from 'commander';
import { withProgress } from '../analysis-progress.ts';
import type { Cli } from '../cli.ts';
import { wholeNumber } from '../parse-arguments.ts';
import { writeResult } from '../table-output.ts';
import { jsonLine } from '../terminal.ts';
import { openTable } from '../text-table.ts';

interface Flags {
  readonly column?: string;
  readonly bucket?: string;
  readonly timeZone?: string;
  readonly limit?: number;
  readonly csv?: true;
}

export function define(command: Command, cli: Cli): void {
  command
    .argument('[type]', 'name or number, such as time_difference or 10000; without it, the types are listed')
    .option('--column <name>', 'the column of rows_over_time and top_values')
    .option('--bucket <bucket>', 'length of a bucket of rows_over_time, such as day')
    .option('--time-zone <zone>', 'time zone of rows_over_time, such as Europe/Berlin')
    .option('-n, --limit <n>', 'how many values of top_values', wholeNumber)
    .option('--csv', 'write CSV, if the result is a table')
    .action(cli.runs((type: string | undefined, flags: Flags) => analyze(cli, command, type, flags)));
}

async function analyze(cli: Cli, command: Command, type: string | undefined, flags: Flags): Promise<void> {
  const { thena, json, customer } = await cli.connect(command);
  if (type === undefined) {
    const types = await thena.analyzeTypes();
    if (json) for (const each of types) await cli.terminal.write(jsonLine(each));
    if (json) return;
    const table = openTable(cli.terminal, ['number', 'name', 'description']);
    for (const { number, name, description } of types) await table.add([number, name, description]);
    return await table.end();
  }
  const { column, bucket, timeZone: time_zone, limit } = flags;
  const given = Object.entries({ column, bucket, time_zone, limit }).filter(([, value]) => value !== undefined);
  const id = await customer();
  const analysis = await withProgress(cli, thena, id, (options) =>
    thena.analyze(id, type, Object.fromEntries(given), options),
  );
  await writeResult(cli.terminal, analysis, flags.csv ? 'csv' : json ? 'json' : 'text');
}
