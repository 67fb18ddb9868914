import type { Command } from 'commander';
import type { Upload } from '../../src/api/uploads.ts';
import type { Cli } from '../cli.ts';
import { wholeNumber } from '../parse-arguments.ts';
import { jsonLine } from '../terminal.ts';
import { type Cell, openTable } from '../text-table.ts';

export function define(command: Command, cli: Cli): void {
  command
    .option('-n, --limit <n>', 'how many to list, newest first', wholeNumber, 20)
    .option('--all', 'list all of them')
    .action(cli.runs((flags: { limit: number; all?: true }) => list(cli, command, flags.all ? Infinity : flags.limit)));
}

async function list(cli: Cli, command: Command, limit: number): Promise<void> {
  const { thena, json, customer } = await cli.connect(command);
  const table = openTable(cli.terminal, ['upload', 'status', 'appended', 'rejected', 'file', 'created']);
  let left = limit;
  for await (const upload of thena.uploads(await customer(), { signal: cli.signal })) {
    if (left-- <= 0) break;
    if (json) await cli.terminal.write(jsonLine(upload));
    else await table.add(cells(upload));
  }
  if (!json) await table.end();
}

function cells({ id, status, receipt, error, filename, created_at }: Upload): readonly Cell[] {
  // A member of the problem `rows_rejected`.
  const { rejected = 0 } = { ...error } as { readonly rejected?: number };
  return [id, status, receipt?.appended ?? 0, receipt?.rejected ?? rejected, filename ?? '', created_at];
}
