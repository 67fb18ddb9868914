import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { EXIT, type ExitCode, UsageError } from '../exit-codes.ts';
import { count } from '../quantities.ts';
import { jsonLine, printable } from '../terminal.ts';
import { summary } from '../upload-report.ts';

export function define(command: Command, cli: Cli): void {
  command
    .argument('<upload>', 'ID of the upload')
    .option('-y, --yes', 'do not ask')
    .action(cli.runs((id: string, flags: { yes?: true }) => undo(cli, command, id, flags.yes ?? false)));
}

async function undo({ terminal, signal, ...cli }: Cli, command: Command, id: string, yes: boolean): Promise<ExitCode> {
  const { thena, json } = await cli.connect(command);
  const before = await thena.getUpload(id, { signal });
  if (before.status !== 'complete') {
    const hint = before.finished_at === null ? ' `thena cancel` cancels it.' : '';
    throw new UsageError(`Upload ${id} is not complete: it is ${before.status}.${hint}`);
  }
  const { rows } = await thena.table(before.customer_id, { signal });
  const file = printable(before.filename ?? id);
  const question = `Remove ${count(before.receipt?.appended ?? 0, 'row')} of '${file}' from a table of ${count(rows, 'row')}?`;
  if (!yes && !(await terminal.confirm(question, '--yes'))) {
    terminal.note('Nothing was changed.');
    return EXIT.failed;
  }
  const upload = await thena.cancelOrUndo(id);
  await terminal.write(json ? jsonLine(upload) : `${summary(terminal, upload, upload.filename ?? id)}\n`);
  return EXIT.ok;
}
