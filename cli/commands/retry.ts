import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import type { ExitCode } from '../exit-codes.ts';
import { followProgress } from '../follow-progress.ts';
import { addUploadFlags, givenUploadOptions } from '../upload-flags.ts';
import { reportUpload } from '../upload-report.ts';

export function define(command: Command, cli: Cli): void {
  command.argument('<upload>', 'ID of the failed upload');
  addUploadFlags(command, 'retry');
  command
    .option('--no-wait', 'do not wait until the rows are loaded')
    .addHelpText('after', '\nOptions that are not given are those of the failed upload.')
    .action(cli.runs((id: string, flags: Flags) => retry(cli, command, id, flags)));
}

type Flags = Readonly<Record<string, unknown>> & { readonly wait: boolean };

async function retry(cli: Cli, command: Command, id: string, flags: Flags): Promise<ExitCode> {
  const { terminal, signal } = cli;
  const server = await cli.connect(command);
  const retried = await server.thena.retryUpload(id, givenUploadOptions(flags));
  const name = retried.filename ?? retried.id;
  const upload = flags.wait ? await followProgress(terminal, server, retried.id, name, signal) : retried;
  return await reportUpload(terminal, upload, { json: server.json, name });
}
