import { sleep } from '../client/back-off.ts';
import type { ThenaClient } from '../client/create-client.ts';
import type { Cli } from './cli.ts';

const POLL_MS = 1000;

/** Runs an analysis under an ID, by which its progress is shown on a terminal. Ctrl-C cancels it on the server, too. */
export async function withProgress<Answer>(
  { terminal, signal }: Cli,
  thena: ThenaClient,
  customerId: string,
  run: (options: { readonly id: string; readonly signal: AbortSignal }) => Promise<Answer>,
): Promise<Answer> {
  const id = crypto.randomUUID();
  const done = new AbortController();
  const show = async (): Promise<void> => {
    while (!done.signal.aborted) {
      await sleep(POLL_MS, done.signal);
      const running = (await thena.runningAnalyses(customerId, { signal: done.signal })).find((each) => each.id === id);
      const share = running?.fraction_done ?? null;
      if (running) terminal.progress(`${running.name}: ${share === null ? 'running' : `${Math.floor(share * 100)} %`}`);
    }
  };
  // Without progress, the analysis is as good.
  if (terminal.showsProgress) show().catch(() => undefined);
  try {
    return await run({ id, signal });
  } finally {
    done.abort();
    terminal.progress(null);
  }
}
