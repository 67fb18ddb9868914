import { stat } from 'node:fs/promises';
import { openFile } from '../client/open-file.ts';
import { isProblem, ThenaProblem } from '../client/thena-problem.ts';
import type { FileOptions } from '../src/api/upload-options.ts';
import type { Upload as SentUpload } from '../src/api/uploads.ts';
import type { Cli, Server } from './cli.ts';
import { Interrupted, UsageError } from './exit-codes.ts';
import { sendProgress } from './send-progress.ts';
import { describeFile, type FileState, uploadStates } from './upload-states.ts';

/** A file on its way. */
export interface Upload {
  readonly to: {
    readonly server: Server;
    readonly customer: string;
    readonly options: FileOptions;
    /** Default: as the client decides. */
    readonly resumable?: boolean | undefined;
  };
  readonly path: string;
  /** What it is called in messages. */
  readonly name: string;
  readonly filename?: string | undefined;
  /** Whether its state is kept, and it is retried without end. */
  readonly watched?: boolean;
}

/**
 * Sends a file, continuing where an earlier command was interrupted. What is needed for that is kept until the server has
 * acknowledged the file.
 *
 * @throws UsageError if there is no such file, and the errors of the client
 */
export async function sendFile(cli: Cli, file: Upload): Promise<SentUpload> {
  const { terminal, signal, env } = cli;
  const { server, customer, options, resumable } = file.to;
  const { states, described } = await lookAt(env, file);
  const content = await reading(() => openFile(file.path));
  const resume = await idToResume(cli, file, described, states);
  let id = resume;
  const progress = sendProgress(terminal, file.name);
  try {
    const sent = await server.thena.upload(customer, content, {
      filename: file.filename,
      options,
      resume: resume ?? undefined,
      ...(resumable !== undefined && { resumable }),
      ...(file.watched && { resumable: true, giveUpAfterMs: Number.POSITIVE_INFINITY }),
      onCreated: (created) => {
        id = created;
        states.save({ ...described, upload: created, sent: false });
      },
      onProgress: progress,
      signal,
    });
    if (file.watched) states.save({ ...described, upload: sent.id, sent: true });
    else states.remove();
    return sent;
  } catch (error) {
    terminal.progress(null);
    if (error instanceof Interrupted && id !== null)
      terminal.note('Interrupted. The same command continues the upload.');
    // There is nothing to continue.
    if (error instanceof ThenaProblem && isFinal(error)) {
      if (file.watched) states.save({ ...described, upload: id ?? '', sent: true });
      else states.remove();
      if (isProblem(error, 'upload_not_found') && resume !== null) {
        terminal.note(`${file.name}: the interrupted upload has expired. It starts over.`);
        states.remove();
        return await sendFile(cli, file);
      }
    }
    if ((error as Error).name === 'NotReadableError') {
      throw new UsageError('The file was changed or removed while it was being sent. Upload it again.');
    }
    throw error;
  } finally {
    terminal.progress(null);
  }
}

/** Whether the file was refused for what it is, or its upload has expired: not for the key, or because the server is busy. */
function isFinal({ status }: ThenaProblem): boolean {
  return status < 500 && ![401, 403, 408, 423, 429].includes(status);
}

/** @returns the interrupted upload of this file; null: there is none. That of another file with its name is cancelled. */
async function idToResume(
  { terminal }: Cli,
  { name, to }: Upload,
  described: FileState,
  states: ReturnType<typeof uploadStates>,
): Promise<string | null> {
  const kept = states.find();
  if (kept === null || kept.sent) return null;
  if (states.isSame(kept, described)) {
    terminal.note(`${name}: continuing the interrupted upload ${kept.upload}`);
    return kept.upload;
  }
  terminal.note(`${name}: the file or its options have changed since the upload was interrupted. It starts over.`);
  const old = await to.server.thena.getUpload(kept.upload).catch(() => null);
  if (old?.status === 'receiving') await to.server.thena.cancelOrUndo(old.id).catch(() => null);
  states.remove();
  return null;
}

/** Sends standard input, which cannot be continued. */
export async function sendInput({ terminal, signal }: Cli, { to, filename, name }: Upload): Promise<SentUpload> {
  if (process.stdin.isTTY) throw new UsageError('Standard input is a terminal. Pipe a file into it, or name one.');
  try {
    const onProgress = sendProgress(terminal, name);
    return await to.server.thena.upload(to.customer, process.stdin, {
      filename,
      options: to.options,
      onProgress,
      signal,
    });
  } finally {
    terminal.progress(null);
  }
}

/** Whether a watched file was sent, or refused, as it is now. @throws UsageError if it cannot be read */
export async function wasSent({ env }: Cli, file: Upload): Promise<boolean> {
  const { states, described } = await lookAt(env, file);
  const kept = states.find();
  return kept?.sent === true && states.isSame(kept, described);
}

/** @throws UsageError if there is no such file, or it cannot be read */
async function lookAt(env: NodeJS.ProcessEnv, { path, to: { server, customer, options } }: Upload) {
  return await reading(async () => {
    if ((await stat(path)).isDirectory()) throw new UsageError(`It is a folder. Name its files: "${path}/*.csv"`);
    const described: FileState = { ...(await describeFile(path)), options };
    return { states: uploadStates(env, { url: server.settings.url, customer, path }), described };
  });
}

async function reading<Result>(read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`Cannot read the file: ${(error as Error).message}.`);
  }
}
