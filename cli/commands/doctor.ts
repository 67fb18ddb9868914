import type { Command } from 'commander';
import type { Cli } from '../cli.ts';
import { reportError } from '../error-report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { count } from '../quantities.ts';
import { configPath, isReadableByOthers, readSavedLogin } from '../settings.ts';
import { jsonLine, printable } from '../terminal.ts';
import { stateFolder } from '../user-folders.ts';

interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly says: string;
}

export function define(command: Command, cli: Cli): void {
  command.action(cli.runs(() => doctor(cli, command)));
}

/** Each check needs those before it: the first one that fails is the last. */
async function doctor(cli: Cli, command: Command): Promise<ExitCode> {
  const { json } = command.optsWithGlobals<{ json?: true }>();
  const checks: Check[] = [];
  try {
    for await (const check of checksOf(cli, command)) {
      checks.push(check);
      if (!json) await print(cli, check);
    }
  } catch (error) {
    if (json) await cli.terminal.write(jsonLine({ ok: false, checks }));
    return await reportError(cli.terminal, cli.signal.aborted ? cli.signal.reason : error, json ? ['--json'] : []);
  }
  const ok = checks.every((check) => check.ok);
  if (json) await cli.terminal.write(jsonLine({ ok, checks }));
  return ok ? EXIT.ok : EXIT.failed;
}

async function* checksOf(cli: Cli, command: Command): AsyncGenerator<Check> {
  const { env, signal } = cli;
  yield { name: 'runtime', ok: true, says: `Node.js ${process.versions.node}` };
  const path = configPath(env);
  if (readSavedLogin(path) === null) yield { name: 'config file', ok: true, says: `${path} does not exist` };
  else if (isReadableByOthers(path)) {
    yield { name: 'config file', ok: false, says: `other users can read ${path}: run chmod 600 on it` };
  } else yield { name: 'config file', ok: true, says: path };
  yield { name: 'state', ok: true, says: stateFolder(env) };
  const { thena, settings } = await cli.connect(command);
  const startedAt = performance.now();
  await thena.isReady({ signal });
  const tookMs = Math.round(performance.now() - startedAt);
  yield { name: 'server', ok: true, says: `${settings.url} (${settings.urlFrom}) answered in ${tookMs} ms` };
  const { role, customer_id, rights } = await thena.currentSession({ signal });
  yield { name: 'key', ok: true, says: `${settings.keyFrom}: ${role}, may ${rights.join(', ')}` };
  const id = settings.customer ?? customer_id;
  if (id === null) return;
  const { table } = await thena.customer(id, { signal });
  yield { name: 'customer', ok: true, says: `${id}, ${table ? count(table.rows, 'row') : 'no table yet'}` };
}

async function print({ terminal }: Cli, { name, ok, says }: Check): Promise<void> {
  const mark = ok ? terminal.style('green', 'ok    ') : terminal.style('red', 'failed');
  await terminal.write(`${mark}  ${name.padEnd(11)}  ${printable(says)}\n`);
}
