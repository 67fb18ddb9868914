import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sleep } from '../client/back-off.ts';
import { ThenaProblem } from '../client/thena-problem.ts';
import type { Cli } from './cli.ts';
import { reportError } from './error-report.ts';
import { type ExitCode, UsageError } from './exit-codes.ts';
import { followProgress } from './follow-progress.ts';
import { sendFile, type Upload, wasSent } from './send-file.ts';
import { reportUpload } from './upload-report.ts';

const POLL_MS = 1000;
/** A file that has not changed for so long is complete. */
const QUIET_MS = 2000;
const WATCHED = /^[^.~].*\.(csv|tsv|txt|psv)(\.(gz|zst))?$/i;

/**
 * Uploads every file of a folder once, and again if it has changed. Ends with Ctrl-C, or if the key is refused; a lost server is
 * waited for.
 */
export async function watchFolder(cli: Cli, to: Upload['to'], folder: string): Promise<ExitCode> {
  const { terminal, signal } = cli;
  const seen = new Map<string, { readonly state: string; readonly since: number }>();
  const done = new Map<string, string>();
  await filesOf(folder);
  terminal.note(`Watching ${folder}. Press Ctrl-C to stop.`);
  for (;;) {
    const files = await filesOf(folder);
    for (const path of seen.keys().filter((each) => !files.some((file) => file.path === each))) {
      seen.delete(path);
      done.delete(path);
    }
    for (const { path, name, state } of files) {
      const known = seen.get(path);
      if (known?.state !== state) seen.set(path, { state, since: Date.now() });
      else if (done.get(path) !== state && Date.now() - known.since >= QUIET_MS) {
        await uploadOne(cli, { to, path, name, watched: true });
        done.set(path, state);
      }
    }
    await sleep(POLL_MS, signal);
  }
}

/** A file that is refused, cannot be read, or is gone does not keep the others from being uploaded. */
async function uploadOne(cli: Cli, file: Upload): Promise<void> {
  const { terminal, signal } = cli;
  const { server } = file.to;
  try {
    if (await wasSent(cli, file)) return;
    const { id } = await sendFile(cli, file);
    const upload = await followProgress(terminal, server, id, file.name, signal, Number.POSITIVE_INFINITY);
    await reportUpload(terminal, upload, { json: server.json, name: file.name });
  } catch (error) {
    const isOfFile =
      (error instanceof ThenaProblem && ![401, 403].includes(error.status)) || error instanceof UsageError;
    if (!isOfFile) throw error;
    await reportError(terminal, error, server.json ? ['--json'] : [], { file: file.name });
  }
}

async function filesOf(
  folder: string,
): Promise<readonly { readonly path: string; readonly name: string; readonly state: string }[]> {
  const names = await readdir(folder).catch((error) => {
    throw new UsageError(`Cannot watch the folder: ${(error as Error).message}.`);
  });
  const files = [];
  for (const name of names.filter((each) => WATCHED.test(each)).toSorted()) {
    const path = join(folder, name);
    // A link would upload a file from elsewhere, in the name of who runs the command, for anyone who may write to the folder.
    const found = await lstat(path).catch(() => null);
    if (found?.isFile() && found.size > 0) files.push({ path, name, state: `${found.size} ${found.mtimeMs}` });
  }
  return files;
}
