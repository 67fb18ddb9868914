import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { jsonLine } from '../terminal.ts';
import { openTable } from '../text-table.ts';

export function define(command: Command, cli: Cli): void {
  command
    .argument('<upload>', 'ID of the upload')
    .option('--csv', 'write the rows themselves as CSV: correct them and upload them with --corrects <upload>')
    .action(cli.runs((id: string, flags: { csv?: true }) => rejects(cli, command, id, flags.csv ?? false)));
}

async function rejects({ terminal, signal, ...cli }: Cli, command: Command, id: string, csv: boolean): Promise<void> {
  const { thena, json } = await cli.connect(command);
  if (csv) {
    for await (const bytes of await thena.rejectedRowsCsv(id, { signal })) await terminal.writeUntrusted(bytes);
    return;
  }
  const table = openTable(terminal, ['line', 'column', 'code', 'message', 'text']);
  for await (const row of thena.rejectedRows(id, { signal })) {
    if (json) await terminal.write(jsonLine(row));
    else await table.add([row.line, row.column ?? '', row.code, row.message, row.text]);
  }
  if (!json) await table.end();
}
