import type { Command } from 'commander';
import type { ThenaClient } from '../../client/create-client.ts';
import { ThenaProblem } from '../../client/thena-problem.ts';
import type { Cli } from '../cli.ts';
import { reportError } from '../error-report.ts';
import { EXIT, type ExitCode } from '../exit-codes.ts';
import { count } from '../quantities.ts';
import { type Check, serverChecks } from '../server-checks.ts';
import { configPath, isReadableByOthers, readSavedLogin } from '../settings.ts';
import { jsonLine, printable } from '../terminal.ts';
import { stateFolder } from '../user-folders.ts';

export function define(command: Command, cli: Cli): void {
  command.action(cli.runs(() => doctor(cli, command)));
}

/** Ends with the first error: the checks need those before them. */
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
  const why = await notReady(thena, signal);
  const tookMs = Math.round(performance.now() - startedAt);
  const server = `${settings.url} (${settings.urlFrom})`;
  yield { name: 'server', ok: why === null, says: `${server} ${why ?? `answered in ${tookMs} ms`}` };
  const { role, customer_id, rights } = await thena.currentSession({ signal });
  yield { name: 'key', ok: true, says: `${settings.keyFrom}: ${role}, may ${rights.join(', ')}` };
  if (rights.includes('admin')) yield* serverChecks(await thena.diagnostics({ signal }));
  if (why !== null) return;
  const id = settings.customer ?? customer_id;
  if (id === null) return;
  const { table } = await thena.customer(id, { signal });
  yield { name: 'customer', ok: true, says: `${id}, ${table ? count(table.rows, 'row') : 'no table yet'}` };
}

/** @returns why the server cannot answer all requests; null if it can. What its parts lack is examined next */
async function notReady(thena: ThenaClient, signal: AbortSignal): Promise<string | null> {
  try {
    const { missing } = await thena.readiness({ signal });
    return missing.length > 0 ? `has no response from ${missing.join(', ')}` : null;
  } catch (error) {
    if (error instanceof ThenaProblem && error.code === 'not_ready') return `is not ready: ${error.problem.detail}`;
    throw error;
  }
}

async function print({ terminal }: Cli, { name, ok, says }: Check): Promise<void> {
  const mark = ok ? terminal.style('green', 'ok    ') : terminal.style('red', 'failed');
  await terminal.write(`${mark}  ${name.padEnd(11)}  ${printable(says)}\n`);
}
