import { GIVE_UP_AFTER_MS } from '../client/upload-file-options.ts';
import type { Upload } from '../src/api/uploads.ts';
import type { Server } from './cli.ts';
import { count } from './quantities.ts';
import type { Terminal } from './terminal.ts';

/** Waits for the end of an upload, with a progress line. The wait continues through restarts of the server. */
export async function followProgress(
  terminal: Terminal,
  { thena }: Pick<Server, 'thena'>,
  id: string,
  name: string,
  signal: AbortSignal,
  giveUpAfterMs = GIVE_UP_AFTER_MS,
): Promise<Upload> {
  const upload = await thena.waitForEnd(id, {
    signal,
    giveUpAfterMs,
    onChange: (state) => terminal.progress(loadingLine(name, state)),
    onConnection: (state, error) => {
      if (state === 'lost') terminal.progress(`${name}: ${error?.message ?? 'connection lost'} Connecting again …`);
    },
  });
  terminal.progress(null);
  return upload;
}

function loadingLine(name: string, { status, progress }: Upload): string {
  if (!progress) return `${name}: ${status}`;
  const done = progress.fraction_done === null ? '' : ` ${Math.floor(progress.fraction_done * 100)} %,`;
  return status === 'ingesting'
    ? `${name}: loading${done} ${count(progress.rows_read, 'row')} read`
    : `${name}: ${status === 'received' ? 'sent, waiting to be loaded' : status}`;
}
