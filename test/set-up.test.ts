import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';

const SET_UP = new URL('../scripts/set-up.mjs', import.meta.url).href;

let project: string;

/** A project with one dependency and one development dependency, both in its own folder: npm installs them offline. */
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'thena-set-up-'));
  const dependencies = { runs: 'file:runs' };
  const devDependencies = { tests: 'file:tests' };
  const root = { name: 'project', version: '1.0.0', dependencies, devDependencies };
  await write('package.json', { ...root, private: true });
  await write('package-lock.json', {
    name: 'project',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': root,
      runs: { version: '1.0.0' },
      tests: { version: '1.0.0', dev: true },
      'node_modules/runs': { resolved: 'runs', link: true },
      'node_modules/tests': { resolved: 'tests', link: true, dev: true },
    },
  });
  for (const name of ['runs', 'tests']) {
    await mkdir(join(project, name));
    await write(`${name}/package.json`, { name, version: '1.0.0' });
  }
});

afterEach(() => rm(project, { recursive: true, force: true }));

async function write(name: string, content: unknown): Promise<void> {
  await writeFile(join(project, name), JSON.stringify(content, null, 2));
}

function installed(name: string): boolean {
  return existsSync(join(project, 'node_modules', name));
}

/** Runs the set-up in a process of its own. @returns its messages */
function setUp(withDev: boolean, environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const code = `import { setUp } from ${JSON.stringify(SET_UP)}; await setUp(${JSON.stringify(project)}, ${withDev});`;
  const env = { ...process.env, npm_config_offline: 'true', ...environment };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '--eval', code], { env }, (error, _, messages) =>
      error ? reject(error) : resolve(messages),
    );
  });
}

test('a start installs the packages to run on, tests add the others, and later starts print nothing', async () => {
  const lockfile = await readFile(join(project, 'package-lock.json'));

  assert.match(await setUp(false), /Installing packages into node_modules/);
  assert.deepEqual([installed('runs'), installed('tests')], [true, false]);
  assert.equal(await setUp(false), '');

  // Shows that the second installation does not empty the folder, which a server may be running from.
  await writeFile(join(project, 'node_modules/.in-use'), '');
  assert.match(await setUp(true), /Installing the packages for tests/);
  assert.deepEqual([installed('runs'), installed('tests'), installed('.in-use')], [true, true, true]);
  assert.equal(await setUp(true), '');
  assert.equal(await setUp(false), '');

  assert.deepEqual(await readFile(join(project, 'package-lock.json')), lockfile);
});

test('installs the packages for tests even if npm is configured for production', async () => {
  await setUp(true, { NODE_ENV: 'production', npm_config_omit: 'dev' });
  assert.ok(installed('tests'));
});

test('installs once if several set-ups run at the same time', async () => {
  const messages = await Promise.all([setUp(true), setUp(true), setUp(true)]);
  assert.equal(messages.filter((each) => each.includes('Installed in')).length, 1);
  assert.equal(messages.filter((each) => each.includes('Waiting for another')).length, 2);
});

test('takes over the lock of a process that died', async () => {
  const dead = spawn(process.execPath, ['--eval', '']);
  await new Promise((resolve) => dead.once('exit', resolve));
  await mkdir(join(project, '.set-up-lock'));
  await writeFile(join(project, '.set-up-lock', String(dead.pid)), '');
  await setUp(false);
  assert.ok(installed('runs'));
  assert.ok(!existsSync(join(project, '.set-up-lock')));
});

test('repeats an installation that was interrupted', async () => {
  await setUp(true);
  await rm(join(project, 'node_modules/.package-lock.json'));
  assert.match(await setUp(true), /Installed in/);
});

test('says what to do if packages cannot be downloaded', async () => {
  const lockfile = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'));
  const far = { version: '9.9.9', resolved: 'https://registry.example/far.tgz', integrity: 'sha512-AAAA' };
  lockfile.packages['node_modules/far'] = far;
  lockfile.packages[''].dependencies.far = '9.9.9';
  await write('package-lock.json', lockfile);
  await write('package.json', { ...lockfile.packages[''], private: true });
  await assert.rejects(setUp(false), /npm failed, see its output above\. Check the network connection/);
  assert.ok(!existsSync(join(project, '.set-up-lock')));
});

test('needs no package that only packages for other platforms depend on', async () => {
  const lockfile = JSON.parse(await readFile(join(project, 'package-lock.json'), 'utf8'));
  const far = (name: string) => ({
    version: '1.0.0',
    resolved: `https://registry.example/${name}.tgz`,
    optional: true,
  });
  const optionalDependencies = { elsewhere: '1.0.0' };
  lockfile.packages[''].optionalDependencies = optionalDependencies;
  lockfile.packages['node_modules/elsewhere'] = { ...far('elsewhere'), cpu: ['none'], dependencies: { deep: '1.0.0' } };
  lockfile.packages['node_modules/deep'] = far('deep');
  await write('package-lock.json', lockfile);
  await write('package.json', { ...lockfile.packages[''], private: true });
  await setUp(false);
  assert.equal(await setUp(false), '');
  assert.ok(!installed('deep'));
});
