/** Packs Thena as `npm pack` does, and uses the package from a folder outside of the project, where Node strips no types. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Finished, finished } from './cli/run-thena.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

let folder: string;
let files: readonly string[];

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'thena-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], {
    cwd: ROOT,
    maxBuffer: 2 ** 24,
  });
  const packed = JSON.parse(stdout);
  // An array of packages, or an object of them since npm 11.
  const [{ filename, files: contents }] = Object.values(packed) as [{ filename: string; files: { path: string }[] }];
  files = contents.map(({ path }) => path);
  await run('tar', ['-xzf', filename], { cwd: folder });
  mkdirSync(join(folder, 'node_modules/@thena-csv'), { recursive: true });
  cpSync(join(folder, 'package'), join(folder, 'node_modules/@thena-csv/thena'), { recursive: true });
  rmSync(join(folder, 'package'), { recursive: true });
  // What npm would install: the same versions are here.
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  }
  writeFileSync(join(folder, 'events.csv'), 'event_time,amount\n2024-03-01T09:00:00Z,1\n2024-03-02T09:00:00Z,2\n');
});

after(() => rmSync(folder, { recursive: true, force: true }));

function thena(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const program = join(folder, 'node_modules/@thena-csv/thena/cli/thena.mjs');
  return spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, HOME: folder, XDG_STATE_HOME: join(folder, 'state'), ...env },
  });
}

test('has the compiled parts, the page and the guides, and no sources or tests', () => {
  for (const path of [
    'cli/thena.mjs',
    'dist/cli/main.js',
    'dist/client/create-client.d.ts',
    'dist/page/index.html',
    'README.md',
  ]) {
    assert.ok(files.includes(path), path);
  }
  const surplus = files.filter(
    (path) => /(^|\/)(test|harness|ui|node_modules)\//.test(path) || /(?<!\.d)\.tsx?$/.test(path),
  );
  assert.deepEqual(surplus, []);
});

test('serves, uploads and answers, and its client works in a program', async () => {
  const server = thena(['serve', '--port', '0', '--data-dir', 'data']);
  let output = '';
  server.stdout.on('data', (data) => {
    output += data;
  });
  const ended = finished(server);
  try {
    let url: string | undefined;
    while (!url) {
      assert.equal(server.exitCode, null, output);
      await sleep(50);
      url = /"url":"(http:[^"]+)"/.exec(output)?.[1];
    }
    const env = { THENA_URL: url, THENA_CUSTOMER: '1000' };
    const succeeds = async (...args: string[]): Promise<Finished> => {
      const done = await finished(thena(args, env));
      assert.equal(done.code, 0, done.stderr);
      return done;
    };
    assert.match((await succeeds('upload', 'events.csv')).stdout, /complete, 2 rows appended/);
    assert.match((await succeeds('query', '-m', 'sum:amount')).stdout, /3\n$/);
    assert.match(await (await fetch(url)).text(), /<title>Thena/);
    const program = `
      import { createClient } from '@thena-csv/thena';
      import { recordsOf } from '@thena-csv/thena/analyses';
      import { openFile } from '@thena-csv/thena/open-file';
      import { isProblem } from '@thena-csv/thena/thena-problem';
      const thena = createClient({ url: ${JSON.stringify(url)} });
      await thena.waitForEnd((await thena.upload('1000', await openFile('events.csv'))).id);
      console.log(recordsOf((await thena.query('1000', { measures: [{ fn: 'count' }] })).result));
      await thena.table('nobody').catch((error) => console.log(isProblem(error, 'customer_not_found')));`;
    writeFileSync(join(folder, 'program.mjs'), program);
    const { stdout } = await run(process.execPath, ['program.mjs'], { cwd: folder });
    assert.equal(stdout, '[ { count: 4 } ]\ntrue\n');
  } finally {
    server.kill('SIGTERM');
  }
  assert.equal((await ended).code, 0, output);
});

test('has types that a strict program accepts', async () => {
  const program = `
    import { createClient } from '@thena-csv/thena';
    import type { Upload } from '@thena-csv/thena/api/uploads';
    import { isProblem } from '@thena-csv/thena/thena-problem';
    const thena = createClient({ url: 'http://127.0.0.1:8000' });
    export const upload: Upload = await thena.getUpload('id');
    export const seconds: number | null = (await thena.analyze('1000', 'time_difference')).result.seconds;
    // @ts-expect-error: there is no such code.
    export const never = isProblem(null, 'no_such_code');
    // @ts-expect-error: another type has this result.
    export const other = (await thena.analyze('1000', 'total_rows')).result.seconds;`;
  writeFileSync(join(folder, 'program.mts'), program);
  const types = ['--types', 'node', '--typeRoots', join(ROOT, 'node_modules/@types')];
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', ...types];
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options, 'program.mts'], {
    cwd: folder,
  });
});
