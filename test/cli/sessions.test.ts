/** What depends on the process: settings, keys, signals, pipes, terminals. */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startThenaProcess } from '../../harness/thena-process.ts';
import { type RunningThena, startThena } from '../server.ts';
import { finished, THENA, User } from './run-thena.ts';

const ADMIN_KEY = 'the-admin-key-of-a-test';
const ESCAPE = '\u001b';
const NEEDS_POSIX = { skip: process.platform === 'win32' && 'needs signals and modes of POSIX' };
const NEEDS_SCRIPT = { skip: spawnSync('script', ['--version']).status !== 0 && 'needs script(1) of util-linux' };

let thena: RunningThena;
let user: User;

before(async () => {
  thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
  user = new User();
  writeFileSync(user.path('admin.key'), `${ADMIN_KEY}\n`, { mode: 0o600 });
});

after(async () => {
  user.remove();
  await thena.close();
});

test('login checks the key, saves it for its owner only, and later commands need no options', NEEDS_POSIX, async () => {
  const created = await user.run(['customers', 'create', 'acme', '--url', thena.url, '--key-file', 'admin.key']);
  assert.equal(created.code, 0, created.stderr);
  assert.match(created.stdout, /^thena_\S+\n$/);
  const wrong = await user.run(['login', '--url', thena.url, '--key-file', '-'], { input: 'wrong\n' });
  assert.equal(wrong.code, 4);
  const login = await user.run(['login', '--url', thena.url, '--key-file', '-'], { input: created.stdout });
  assert.equal(login.code, 0, login.stderr);
  const config = user.path('config/thena/config.json');
  assert.equal(statSync(config).mode & 0o777, 0o600);
  assert.equal(statSync(user.path('config/thena')).mode & 0o777, 0o700);
  writeFileSync(user.path('small.csv'), 'n\n1\n');
  assert.equal((await user.run(['upload', 'small.csv'])).code, 0);
  assert.match((await user.run(['doctor'])).stdout, /customer, may read, upload, undo\n.*acme, 1 row\n$/);
  assert.equal((await user.run(['customers', 'list'])).code, 4);
  assert.equal((await user.run(['uploads'], { env: { THENA_KEY: 'wrong' } })).code, 4);
});

test('a key that is sent to another machine unencrypted is warned of', async () => {
  const at = async (url: string, args: readonly string[] = []) =>
    (await user.run(['uploads', '-c', 'acme', '--url', url, ...args], { env: { THENA_KEY: 'a-key' } })).stderr;
  assert.match(
    await at('http://thena.invalid'),
    /^Warning: the API key is sent unencrypted to http:\/\/thena\.invalid/,
  );
  assert.doesNotMatch(await at('https://thena.invalid'), /Warning/);
  assert.doesNotMatch(await at('http://localhost:1'), /Warning/);
  assert.doesNotMatch(await at('http://thena.invalid', ['--json']), /Warning/);
});

test('a saved key is not sent to another server', NEEDS_POSIX, async () => {
  const keys: unknown[] = [];
  const other = createServer((request, response) => {
    keys.push(request.headers.authorization);
    response.setHeader('content-type', 'text/html').end('<p>no Thena');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  try {
    const { code, stderr } = await user.run(['uploads', '--url', url, '-c', 'acme']);
    assert.deepEqual([code, keys], [6, [undefined]]);
    assert.match(stderr, /a response that is not from Thena/);
  } finally {
    other.closeAllConnections();
    other.close();
  }
});

test('customers are created with declared columns, listed, shown and deleted', async () => {
  const options = ['--url', thena.url, '--key-file', 'admin.key'];
  writeFileSync(user.path('columns.json'), '[{"name":"n","type":"integer"}]');
  const declared = ['--columns', '@columns.json', '--defaults', '{"decimal":","}'];
  assert.equal((await user.run(['customers', 'create', 'temp', ...declared, ...options])).code, 0);
  assert.match((await user.run(['customers', ...options])).stdout, /^temp +0/m);
  const shown = await user.run(['customers', 'show', 'temp', '--json', ...options]);
  assert.equal(JSON.parse(shown.stdout).declared.columns[0].type, 'integer');
  assert.equal((await user.run(['customers', 'delete', 'temp', ...options])).code, 2);
  assert.equal((await user.run(['customers', 'delete', 'temp', '--yes', ...options])).code, 0);
  assert.equal((await user.run(['customers', 'show', 'temp', ...options])).code, 5);
});

test('doctor finds a config file that others can read', NEEDS_POSIX, async () => {
  const config = user.path('config/thena/config.json');
  chmodSync(config, 0o644);
  const { code, stdout } = await user.run(['doctor']);
  assert.equal(code, 1);
  assert.match(stdout, /failed {2}config file {2}other users can read/);
  chmodSync(config, 0o600);
});

test('keys are created, listed and revoked', async () => {
  const options = ['--url', thena.url, '--key-file', 'admin.key', '-c', 'acme'];
  const created = await user.run(['keys', 'create', '--label', 'ci', '--right', 'upload', ...options, '--json']);
  const { id, rights } = JSON.parse(created.stdout);
  assert.deepEqual(rights, ['upload']);
  assert.match((await user.run(['keys', 'list', ...options])).stdout, new RegExp(`${id}  ci`));
  const refused = await user.run(['keys', 'revoke', id, ...options]);
  assert.equal(refused.code, 2);
  assert.equal((await user.run(['keys', 'revoke', id, ...options, '--yes'])).code, 0);
});

test(
  'Ctrl-C interrupts an upload, the same command continues it, and a changed file starts over',
  NEEDS_POSIX,
  async () => {
    const server = await startThenaProcess(user.path('data'), [], { THENA_AUTH: 'open' });
    try {
      const name = 'long.csv';
      const write = (text: string): void =>
        writeFileSync(
          user.path(name),
          `n,name\n${Array.from({ length: 1_200_000 }, (_, n) => `${n},${text}`).join('\n')}\n`,
        );
      write('a name that fills the file');
      const args = ['upload', name, '--url', server.url, '-c', 'long'];
      const interrupt = async (): Promise<string> => {
        const child = user.start(args);
        const states = user.path('state/thena/uploads');
        const ended = finished(child);
        while (!existsSync(states) || readdirSync(states).length === 0) await sleep(5);
        await sleep(100);
        child.kill('SIGINT');
        const { code, stderr, stdout } = await ended;
        assert.deepEqual([code, stdout], [130, ''], stderr);
        assert.match(stderr, /The same command continues the upload/);
        const [file = ''] = readdirSync(states);
        assert.equal(statSync(`${states}/${file}`).mode & 0o777, 0o600);
        return JSON.parse(readFileSync(`${states}/${file}`, 'utf8')).upload;
      };
      const first = await interrupt();
      const again = await user.run(args);
      assert.equal(again.code, 0, again.stderr);
      assert.match(again.stderr, new RegExp(`continuing the interrupted upload ${first}`));
      assert.match(again.stdout, new RegExp(`complete, 1,200,000 rows appended, 0 rejected  ${first}`));
      assert.deepEqual(readdirSync(user.path('state/thena/uploads')), []);

      const second = await interrupt();
      write('another name that is longer');
      const changed = await user.run(args);
      assert.equal(changed.code, 0, changed.stderr);
      assert.match(changed.stderr, /have changed since the upload was interrupted\. It starts over/);
      assert.ok(!changed.stdout.includes(second));
      const old = await user.run(['status', second, '--url', server.url]);
      assert.match(`${old.code} ${old.stdout}`, /^(5|0 long\.csv: cancelled)/);
      const uploads = await user.run(['uploads', '--url', server.url, '-c', 'long', '--json']);
      assert.equal(
        uploads.stdout
          .trimEnd()
          .split('\n')
          .filter((line) => line.includes('"complete"')).length,
        2,
      );
    } finally {
      await server.end('SIGTERM');
    }
  },
);

test('a reader that closes the pipe ends the command quietly', NEEDS_POSIX, async () => {
  const open = await startThena();
  try {
    const rows = Array.from({ length: 50_000 }, (_, n) => `${n},some text`).join('\n');
    writeFileSync(user.path('pipe.csv'), `n,text\n${rows}\n`);
    const options = `--url ${open.url} -c pipe`;
    const shell = `"${process.execPath}" "${THENA}"`;
    assert.equal((await user.run(['upload', 'pipe.csv', ...options.split(' ')])).code, 0);
    const child = spawn('bash', ['-c', `set -o pipefail; ${shell} rows --all --csv ${options} | head -2`], {
      env: user.env,
      cwd: user.home,
    });
    assert.deepEqual(await finished(child), { code: 0, stdout: 'n,text\n0,some text\n', stderr: '' });
    const refused = await user.run(['upload', '-', ...options.split(' '), '--delimiter', 'long'], {
      input: 'n,text\n'.repeat(2_000_000),
    });
    assert.equal(refused.code, 2, refused.stderr);
  } finally {
    await open.close();
  }
});

test('--watch uploads each file of a folder once, in several runs', NEEDS_POSIX, async () => {
  const open = await startThena();
  try {
    execFileSync('mkdir', [user.path('inbox')]);
    writeFileSync(user.path('inbox/a.csv'), 'n\n1\n');
    writeFileSync(user.path('inbox/bad.csv'), 'x\n');
    writeFileSync(user.path('inbox/.hidden.csv'), 'n\n9\n');
    writeFileSync(user.path('elsewhere.csv'), 'n\n9\n');
    symlinkSync(user.path('elsewhere.csv'), user.path('inbox/ab.csv'));
    const args = ['upload', '--watch', 'inbox', '--url', open.url, '-c', 'inbox'];
    const watch = async (until: RegExp, more = () => {}): Promise<string> => {
      const child = user.start(args);
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', (data) => (output += data));
      const ended = finished(child);
      more();
      for (const deadline = Date.now() + 30_000; !until.test(output) && Date.now() < deadline; ) await sleep(50);
      assert.match(output, until);
      child.kill('SIGINT');
      assert.equal((await ended).code, 130);
      return output;
    };
    assert.match(await watch(/bad\.csv: [\s\S]*\n/), /a\.csv: complete, 1 row/);
    const second = await watch(/b\.csv: complete/, () => writeFileSync(user.path('inbox/b.csv'), 'n\n2\n'));
    assert.doesNotMatch(second, /(a|bad|ab)\.csv/);
    assert.match((await user.run(['analyze', 'total_rows', '--url', open.url, '-c', 'inbox'])).stdout, /\n +2\n$/);
  } finally {
    await open.close();
  }
});

test('progress, colors and questions appear on a terminal only', NEEDS_SCRIPT, async () => {
  const open = await startThena();
  try {
    writeFileSync(user.path('tty.csv'), 'n\n1\n2\n');
    const onTerminal = (command: string, input = '', env = {}) =>
      finished(
        spawn('script', ['-qec', `"${process.execPath}" "${THENA}" ${command} --url ${open.url} -c tty`, '/dev/null'], {
          cwd: user.home,
          env: { ...user.env, TERM: 'xterm', ...env },
        }),
        input,
      );
    const upload = await onTerminal('upload tty.csv');
    assert.match(upload.stdout, /sent 100 %/);
    assert.ok(upload.stdout.includes(`${ESCAPE}[32mcomplete`));
    const plain = await onTerminal('uploads', '', { NO_COLOR: '1' });
    assert.ok(!plain.stdout.includes(ESCAPE));
    const id = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(upload.stdout)?.[0];
    const kept = await onTerminal(`undo ${id}`, 'n\n');
    assert.match(
      kept.stdout,
      /Remove 2 rows of 'tty\.csv' from a table of 2 rows\? \[y\/N\] [\s\S]*Nothing was changed/,
    );
    assert.equal(kept.code, 1);
    const undone = await onTerminal(`undo ${id}`, 'y\n');
    assert.equal(undone.code, 0, undone.stdout);
  } finally {
    await open.close();
  }
});

test('a terminal executes nothing of what a file contains', NEEDS_SCRIPT, async () => {
  const open = await startThena();
  try {
    const text = `${ESCAPE}]0;title\u0007\u009b2J\u202eé${'x'.repeat(100)}`;
    writeFileSync(user.path('evil.csv'), `n,text\n1,${text}\n`);
    const flags = `--url ${open.url} -c evil`;
    const sent = await user.run(['upload', 'evil.csv', ...flags.split(' ')]);
    assert.equal(sent.code, 0, sent.stderr);
    for (const command of ['rows', 'rows --csv', 'rows --json', 'export', 'export --format ndjson', 'query --by n']) {
      const { stdout } = await finished(
        spawn('script', ['-qec', `"${process.execPath}" "${THENA}" ${command} ${flags}`, '/dev/null'], {
          cwd: user.home,
          env: { ...user.env, TERM: 'xterm', NO_COLOR: '1' },
        }),
      );
      assert.doesNotMatch(stdout, /(?![\n\t]|\r\n)[\p{Cc}\p{Bidi_Control}]/u, command);
      assert.match(stdout, command.startsWith('query') ? /1/ : /é/, command);
    }
    // Programs get the values as they are.
    const piped = await user.run(['rows', '--json', ...flags.split(' ')]);
    assert.deepEqual(JSON.parse(piped.stdout), { n: 1, text });
    assert.equal((await user.run(['export', ...flags.split(' ')])).stdout, `n,text\n1,"${text}"\n`);
  } finally {
    await open.close();
  }
});

test('login asks on a terminal, and does not show the key', NEEDS_SCRIPT, async () => {
  const someone = new User();
  try {
    const child = spawn('script', ['-qec', `"${process.execPath}" "${THENA}" login`, '/dev/null'], {
      cwd: someone.home,
      env: { ...someone.env, TERM: 'xterm' },
    });
    const answers = [
      [/Address of the server \[http:\/\/127\.0\.0\.1:8000\]: /, thena.url],
      [/API key: /, ADMIN_KEY],
    ] as const;
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    for (const [question, answer] of answers) {
      for (const deadline = Date.now() + 20_000; !question.test(output) && Date.now() < deadline; ) await sleep(20);
      assert.match(output, question);
      // Readline has to be listening: what is typed before is echoed by the terminal.
      await sleep(200);
      child.stdin.write(`${answer}\n`);
    }
    assert.equal(await ended, 0, output);
    assert.ok(!output.includes(ADMIN_KEY), output);
    assert.match(output, /Saved http:.* for the administrator/);
    assert.match(readFileSync(someone.path('config/thena/config.json'), 'utf8'), new RegExp(ADMIN_KEY));
  } finally {
    someone.remove();
  }
});

test('serve starts a server, which Ctrl-C and the death of the command stop', NEEDS_POSIX, async () => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    const child = user.start(['serve', '--port', '0', '--data-dir', user.path('served')], { THENA_KEY: 'any' });
    let output = '';
    child.stdout?.on('data', (data) => (output += data));
    const ended = finished(child);
    let url: string | undefined;
    while (!url) {
      assert.equal(child.exitCode, null, output);
      await sleep(50);
      url = /"url":"(http:[^"]+)"/.exec(output)?.[1];
    }
    assert.equal((await user.run(['doctor', '--url', url])).code, 0);
    child.kill(signal);
    const { code } = await ended;
    if (signal !== 'SIGKILL') assert.equal(code, 0, output);
    for (const deadline = Date.now() + 15_000; ; await sleep(100)) {
      if (
        await fetch(url).then(
          () => false,
          () => true,
        )
      )
        break;
      assert.ok(Date.now() < deadline, 'the server is still running');
    }
  }
});
