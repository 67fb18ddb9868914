import type { UploadProgress } from '../client/upload-file-options.ts';
import { bytes, clock } from './quantities.ts';
import type { Terminal } from './terminal.ts';

/** The rate is that of the last seconds. */
const WINDOW_MS = 5000;
const LEAST_MS = 100;

/** Shows how much of a file is sent, how fast, and how long it takes. "Sent" is not "loaded", which comes next. */
export function sendProgress(terminal: Terminal, name: string): (progress: UploadProgress) => void {
  const seen: { readonly at: number; readonly sent: number }[] = [];
  let interrupted = false;
  return ({ sent, total, interruption }) => {
    if (interruption) {
      const text = `${name}: ${interruption.error.message} Retrying …`;
      terminal.progress(text);
      // The log of a job shows it once.
      if (!interrupted && !process.stderr.isTTY) terminal.note(text);
      interrupted = true;
      seen.length = 0;
      return;
    }
    interrupted = false;
    const at = performance.now();
    // The pieces of a stream are many.
    if (sent !== total && at - (seen.at(-1)?.at ?? 0) < LEAST_MS) return;
    seen.push({ at, sent });
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > WINDOW_MS) seen.shift();
    const first = seen[0] ?? { at, sent };
    const perSecond = at > first.at ? ((sent - first.sent) * 1000) / (at - first.at) : 0;
    const rate = perSecond > 0 ? `, ${bytes(perSecond)}/s` : '';
    if (total === null) return terminal.progress(`${name}: sent ${bytes(sent)}${rate}`);
    const percent = total === 0 ? 100 : Math.round((sent / total) * 100);
    const left = perSecond > 0 && sent < total ? `, ${clock((total - sent) / perSecond)} left` : '';
    terminal.progress(`${name}: sent ${percent} %, ${bytes(sent)} of ${bytes(total)}${rate}${left}`);
  };
}
