import { glob, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Command } from 'commander';
import { ThenaProblem } from '../../client/thena-problem.ts';
import type { Cli } from '../cli.ts';
import { reportError } from '../error-report.ts';
import { EXIT, type ExitCode, Interrupted, UsageError } from '../exit-codes.ts';
import { followProgress } from '../follow-progress.ts';
import { sendFile, sendInput, type Upload } from '../send-file.ts';
import { addUploadFlags, givenUploadOptions } from '../upload-flags.ts';
import { reportUpload } from '../upload-report.ts';
import { watchFolder } from '../watch-folder.ts';

type Flags = Readonly<Record<string, unknown>> & {
  readonly wait: boolean;
  readonly resume: boolean;
  readonly filename?: string;
  readonly watch?: string;
};

export function define(command: Command, cli: Cli): void {
  command
    .argument(
      '[files...]',
      'CSV files, also compressed with gzip or zstd; patterns such as "data/*.csv"; - is standard input',
    )
    .option('--watch <folder>', 'upload the files of a folder, and those that are put there later, until Ctrl-C')
    .option('--filename <name>', 'name of the file in the list of uploads, for standard input')
    .option('--no-resume', 'send large files in one request: faster on a fast network, but an interruption starts over')
    .option('--no-wait', 'do not wait until the rows are loaded');
  addUploadFlags(command, 'upload');
  command
    .addHelpText(
      'after',
      '\nAn upload that was interrupted continues with the same command, unless the file has changed.\nExit code: 3 if rows were rejected; of several files, that of the first one that failed.',
    )
    .action(cli.runs((files: readonly string[], flags: Flags) => upload(cli, command, files, flags)));
}

async function upload(cli: Cli, command: Command, files: readonly string[], flags: Flags): Promise<ExitCode> {
  if ((files.length === 0) === (flags.watch === undefined)) {
    throw new UsageError('Name the files to upload, or a folder with --watch.');
  }
  if (files.includes('-') && command.opts<{ keyFile?: string }>().keyFile === '-') {
    throw new UsageError('Standard input cannot be both the key and the file. Name a file with the key.');
  }
  const server = await cli.connect(command);
  // A server that cannot be reached now is reported at once; one that is lost later is waited for.
  await server.thena.readiness({ signal: cli.signal }).catch((error) => {
    if (!(error instanceof ThenaProblem)) throw error;
  });
  const to: Upload['to'] = {
    server,
    customer: await server.customer(),
    options: givenUploadOptions(flags),
    resumable: flags.resume ? undefined : false,
  };
  if (flags.watch !== undefined) return await watchFolder(cli, to, flags.watch);
  const paths = await expand(files);
  if (flags.filename !== undefined && paths.length > 1) throw new UsageError('--filename is for a single file.');
  let exitCode: ExitCode = EXIT.ok;
  for (const path of paths) {
    const name = flags.filename ?? (path === '-' ? 'standard input' : basename(path));
    const code = await uploadOne(cli, { to, path, name, filename: flags.filename }, flags.wait);
    exitCode ||= code;
  }
  return exitCode;
}

/** A file that is refused does not keep the others from being uploaded; a lost server or an invalid key does. */
async function uploadOne(cli: Cli, file: Upload, wait: boolean): Promise<ExitCode> {
  const { terminal, signal } = cli;
  const { server } = file.to;
  try {
    const sent = await (file.path === '-' ? sendInput(cli, file) : sendFile(cli, file));
    try {
      const upload = wait ? await followProgress(terminal, server, sent.id, file.name, signal) : sent;
      return await reportUpload(terminal, upload, { json: server.json, name: file.name });
    } catch (error) {
      if (error instanceof Interrupted) {
        terminal.note(`The server goes on loading ${file.name}: thena status --follow ${sent.id}`);
      }
      throw error;
    }
  } catch (error) {
    terminal.progress(null);
    const isOfFile =
      (error instanceof ThenaProblem && ![401, 403].includes(error.status)) || error instanceof UsageError;
    if (!isOfFile) throw error;
    return await reportError(terminal, error, server.json ? ['--json'] : [], { file: file.name });
  }
}

/** Most shells expand patterns themselves, but not in quotes, nor on Windows. */
async function expand(files: readonly string[]): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const file of files) {
    if (file === '-' || !/[*?[{]/.test(file) || (await stat(file).catch(() => null))) {
      paths.push(file);
      continue;
    }
    const found = await Array.fromAsync(glob(file));
    if (found.length === 0) throw new UsageError(`No file matches ${file}.`);
    paths.push(...found.toSorted());
  }
  return paths;
}
