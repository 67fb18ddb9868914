import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { UsageError } from '../exit-codes.ts';
import { jsonLine } from '../terminal.ts';
import { summary } from '../upload-report.ts';

export function define(command: Command, cli: Cli): void {
  command.argument('<upload>', 'ID of the upload').action(cli.runs((id: string) => cancel(cli, command, id)));
}

async function cancel({ terminal, signal, ...cli }: Cli, command: Command, id: string): Promise<void> {
  const { thena, json } = await cli.connect(command);
  const before = await thena.getUpload(id, { signal });
  if (before.finished_at !== null) {
    const hint = before.status === 'complete' ? ' `thena undo` takes its rows back.' : '';
    throw new UsageError(`Upload ${id} has ended: it is ${before.status}.${hint}`);
  }
  const upload = await thena.cancelOrUndo(id);
  await terminal.write(json ? jsonLine(upload) : `${summary(terminal, upload, upload.filename ?? id)}\n`);
}
