/**
 * Moves all data into a cluster, or out of it: command line → settings → move. `thena move` starts it.
 *
 *   node src/move-main.ts --from <data folder> | --to <data folder>
 */
import { parseArgs } from 'node:util';
import { readConfig } from './config.ts';
import { Problem } from './errors.ts';
import { countExternalMemory } from './external-memory.ts';
import { MoveReport } from './move/move-report.ts';
import { type MoveRequest, runMove } from './move-services.ts';
import { SettingError } from './setting-error.ts';

const EXIT_FAILED = 1;
const EXIT_MISUSED = 2;
const EXIT_INTERRUPTED = 130;

countExternalMemory(process.versions.node);
process.umask(0o077);
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort());
// Of the command that started it.
process.on('message', () => interruption.abort());
process.on('disconnect', () => interruption.abort());

try {
  const moved = new MoveReport(print);
  const { report, onProgress } = moved;
  await runMove(readConfig(process.env), readCommandLine(), { report, onProgress, signal: interruption.signal });
  moved.end();
  process.exit();
} catch (error) {
  if (interruption.signal.aborted) end(EXIT_INTERRUPTED, 'Interrupted. The same command continues the move.');
  if (error instanceof SettingError) end(EXIT_MISUSED, error.message);
  const reason = error instanceof Problem ? error.detail : (error as Error).message;
  end(EXIT_FAILED, `The move failed: ${reason.replace(/\.$/, '')}. The same command continues it.`);
}

function readCommandLine(): MoveRequest {
  try {
    const { values } = parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } });
    if (values.from && !values.to) return { folder: values.from, into: 'cluster' };
    if (values.to && !values.from) return { folder: values.to, into: 'folder' };
  } catch (error) {
    end(EXIT_MISUSED, (error as Error).message);
  }
  end(EXIT_MISUSED, 'Name the data folder: --from <folder> to move into the cluster, --to <folder> to move out of it.');
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function end(exitCode: number, message: string): never {
  process.stderr.write(`Thena: ${message}\n`);
  process.exit(exitCode);
}
