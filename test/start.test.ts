import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Windows has neither signals that can be handled, nor process groups, nor modes of files. */
const NEEDS_POSIX = { skip: process.platform === 'win32' && 'needs POSIX signals' };
/** What the kernel cuts the queue of connections to, where it can be read. */
const SOMAXCONN = process.platform === 'linux' ? Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8')) : 0;
const LAUNCHER = fileURLToPath(new URL('../scripts/run.mjs', import.meta.url));

let dataDir: string;
const groups = new Set<number>();

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'thena-start-'));
});

afterEach(async () => {
  for (const group of groups) if (isAlive(-group)) process.kill(-group, 'SIGKILL');
  groups.clear();
  await rm(dataDir, { recursive: true, force: true });
});

interface Started {
  readonly launcher: ChildProcess & { readonly pid: number };
  /** Everything printed so far. */
  readonly output: { text: string };
  /** The address Thena printed; null if it exited instead. */
  readonly url: string | null;
}

/** Runs the command of `npm start` in a process group of its own, as a terminal does. */
async function start(settings: Readonly<Record<string, string>> = {}): Promise<Started> {
  const environment = Object.entries(process.env).filter(([name]) => !/^(THENA_|npm_)/.test(name));
  const env = { ...Object.fromEntries(environment), THENA_PORT: '0', THENA_DATA_DIR: dataDir, ...settings };
  const child = spawn(process.execPath, [LAUNCHER, 'start'], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  assert(pid !== undefined);
  groups.add(pid);
  const output = { text: '' };
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output.text += text;
  });
  let url: string | null = null;
  for await (const line of createInterface(child.stdout)) {
    output.text += `${line}\n`;
    url = line.startsWith('{') ? (JSON.parse(line).url ?? null) : null;
    if (url) break;
  }
  child.stdout.resume();
  return { launcher: Object.assign(child, { pid }), output, url };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function exitCode(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

async function waitUntilGone(group: number): Promise<void> {
  for (const until = Date.now() + 15_000; isAlive(-group); await sleep(20)) {
    assert.ok(Date.now() < until, 'a process is still running');
  }
}

test('npm start answers at the address it prints, and Ctrl-C leaves no process behind', NEEDS_POSIX, async () => {
  // Set in the shell of a developer, for the tests.
  const { launcher, url, output } = await start({ THENA_REAL_FILES: '/data' });
  assert.ok(url, output.text);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.match(await (await fetch(`${url}/metrics`)).text(), /^thena_http_requests_total\{.*route="\/healthz".*\} 1$/m);
  process.kill(-launcher.pid, 'SIGINT');
  assert.equal(await exitCode(launcher), 0, output.text);
  await waitUntilGone(launcher.pid);
});

test('makes its files readable for their owner only', NEEDS_POSIX, async () => {
  const { launcher, url, output } = await start();
  assert.ok(url, output.text);
  assert.equal((await stat(join(dataDir, 'catalog.sqlite'))).mode & 0o077, 0);
  assert.equal((await stat(join(dataDir, 'spool'))).mode & 0o077, 0);
  process.kill(-launcher.pid, 'SIGTERM');
  await waitUntilGone(launcher.pid);
});

test('a crowd of clients is connected while the server is busy', {
  skip: SOMAXCONN < 2000 && 'the kernel lets fewer connections wait',
}, async () => {
  const { launcher, url, output } = await start();
  assert.ok(url, output.text);
  const port = Number(new URL(url).port);
  process.kill(-launcher.pid, 'SIGSTOP');
  const clients = Array.from({ length: 1500 }, () => connect(port, '127.0.0.1'));
  try {
    await Promise.all(clients.map((client) => once(client, 'connect', { signal: AbortSignal.timeout(10_000) })));
  } finally {
    for (const client of clients) client.on('error', () => undefined).destroy();
    process.kill(-launcher.pid, 'SIGCONT');
  }
  process.kill(-launcher.pid, 'SIGTERM');
  await waitUntilGone(launcher.pid);
});

test('the server never outlives its launcher, however that exits', NEEDS_POSIX, async () => {
  const { launcher, url, output } = await start();
  assert.ok(url, output.text);
  launcher.kill('SIGKILL');
  await waitUntilGone(launcher.pid);
});

test('the server stops cleanly if only the launcher is signalled', NEEDS_POSIX, async () => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    const { launcher, url, output } = await start();
    assert.ok(url, output.text);
    launcher.kill(signal);
    assert.equal(await exitCode(launcher), 0, output.text);
    await waitUntilGone(launcher.pid);
  }
});

test('names the setting to change if the port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  try {
    const { port } = other.address() as AddressInfo;
    const { launcher, output } = await start({ THENA_PORT: String(port) });
    assert.equal(await exitCode(launcher), 1);
    assert.match(output.text, new RegExp(`Port ${port} is already in use.*THENA_PORT=${port + 1}`));
    await waitUntilGone(launcher.pid);
  } finally {
    other.close();
  }
});

test('refuses to start with an invalid setting, in one line', async () => {
  const { launcher, output } = await start({ THENA_PORT: 'eighty' });
  assert.equal(await exitCode(launcher), 2);
  assert.equal(output.text, "Thena: Invalid THENA_PORT 'eighty': expected a whole number from 0 to 65535.\n");
});

test('refuses to start on a data folder that another Thena uses, in one line', NEEDS_POSIX, async () => {
  const first = await start();
  assert.ok(first.url, first.output.text);
  const second = await start();
  assert.equal(await exitCode(second.launcher), 2);
  assert.match(
    second.output.text,
    /^Thena: The data folder .* is in use by another Thena process.*THENA_DATA_DIR.*\n$/,
  );
  process.kill(-first.launcher.pid, 'SIGTERM');
  await waitUntilGone(first.launcher.pid);
});

test('refuses to start if the data folder cannot be created, in one line', async () => {
  const file = join(dataDir, 'file');
  await writeFile(file, '');
  const { launcher, output } = await start({ THENA_DATA_DIR: join(file, 'data') });
  assert.equal(await exitCode(launcher), 2);
  assert.ok(output.text.startsWith(`Thena: Cannot use the data folder ${join(file, 'data')} `), output.text);
  assert.match(output.text, /^[^\n]*THENA_DATA_DIR[^\n]*\n$/);
});
