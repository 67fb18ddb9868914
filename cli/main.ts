/** The command line `thena`: arguments → program → command → exit code. */
import { readFileSync } from 'node:fs';
import { CommanderError } from 'commander';
import { createCli } from './cli.ts';
import { reportError } from './error-report.ts';
import { EXIT, Interrupted } from './exit-codes.ts';
import { createProgram } from './program.ts';

const args = process.argv.slice(2);
const { version } = JSON.parse(readFileSync(findPackage(), 'utf8')) as { version: string };
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());
// The launcher sends a message if only it was signalled, and closes the channel when it ends.
process.on('message', () => stop(false));
process.on('disconnect', () => stop(false));
process.channel?.unref();
// npm and npx do not forward SIGTERM.
const parent = process.ppid;
const orphaned = (): boolean => process.env.npm_lifecycle_event !== undefined && process.ppid !== parent;
setInterval(() => orphaned() && stop(false), 500).unref();

const cli = createCli(process.env, interrupt.signal);
try {
  const program = await createProgram(cli, args, version);
  await program.parseAsync(args, { from: 'user' });
} catch (error) {
  cli.terminal.progress(null);
  // Commander has printed what is wrong, or what was asked for.
  if (error instanceof CommanderError) cli.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else cli.exitCode = await reportError(cli.terminal, interrupt.signal.aborted ? interrupt.signal.reason : error, args);
}
cli.terminal.progress(null);
// What is still open is of no use anymore, such as standard input.
process.exit(cli.exitCode);

/** The second Ctrl-C does not wait for anything. */
function stop(counts = true): void {
  if (interrupt.signal.aborted && counts) process.exit(EXIT.interrupted);
  interrupt.abort(new Interrupted('Interrupted.'));
}

/** In the package, this file is one folder deeper. */
function findPackage(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json', import.meta.url);
}
