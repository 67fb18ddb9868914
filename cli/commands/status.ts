import type { Command } from 'commander';
import type { Upload } from '../../src/api/uploads.ts';
import type { Cli } from '../cli.ts';
import type { ExitCode } from '../exit-codes.ts';
import { followProgress } from '../follow-progress.ts';
import { count } from '../quantities.ts';
import { printable, type Terminal } from '../terminal.ts';
import { reportUpload } from '../upload-report.ts';

export function define(command: Command, cli: Cli): void {
  command
    .argument('<upload>', 'ID of the upload')
    .option('-f, --follow', 'wait until the upload has ended')
    .action(cli.runs((id: string, flags: { follow?: true }) => status(cli, command, id, flags.follow ?? false)));
}

async function status(cli: Cli, command: Command, id: string, follow: boolean): Promise<ExitCode | undefined> {
  const { terminal, signal } = cli;
  const server = await cli.connect(command);
  const { thena, json } = server;
  let upload = await thena.getUpload(id, { signal });
  const name = upload.filename ?? id;
  if (follow && upload.finished_at === null) upload = await followProgress(terminal, server, id, name, signal);
  const exitCode = await reportUpload(terminal, upload, { json, name });
  if (!json) await terminal.write(details(terminal, upload));
  return follow ? exitCode : undefined;
}

function details({ style }: Terminal, upload: Upload): string {
  const { receipt, progress } = upload;
  const lines: [string, string | null | undefined][] = [
    ['customer', upload.customer_id],
    ['created', upload.created_at],
    ['finished', upload.finished_at],
    ['retries', upload.retry_of],
    ['corrects', upload.corrects],
    ['corrected by', upload.corrected_by],
    ['bytes', upload.bytes === null ? null : String(upload.bytes)],
    ['received', progress && `${progress.bytes_received} bytes, ${count(progress.rows_read, 'row')} read`],
    ['rows in file', receipt && String(receipt.rows_in_file)],
    ['table', receipt && `${receipt.table_rows_before} rows before, ${receipt.table_rows_after} after`],
    ['columns', receipt?.columns.map((column) => `${column.name} ${column.type}`).join(', ')],
    ['notes', receipt?.notes.join(' ')],
  ];
  return lines
    .filter(([, value]) => value)
    .map(([label, value]) => `  ${style('dim', `${label}:`)} ${printable(String(value))}\n`)
    .join('');
}
