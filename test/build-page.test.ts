import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

let project: string;

/** A project with a page of one line, and the real build. */
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'thena-build-page-'));
  await cp(join(ROOT, 'scripts'), join(project, 'scripts'), { recursive: true });
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'junction');
  await writeFile(join(project, 'package.json'), '{ "type": "module" }');
  await mkdir(join(project, 'ui'));
  await writeFile(join(project, 'ui/vite.config.ts'), `export default { root: 'ui' };\n`);
  await writeFile(join(project, 'ui/index.html'), '<!doctype html><script type="module" src="./main.ts"></script>');
  await writeFile(join(project, 'ui/main.ts'), `document.title = 'first' as string;\n`);
});

afterEach(() => rm(project, { recursive: true, force: true }));

/** Runs the build in a process of its own. @returns its messages */
function build(): Promise<string> {
  const code = `import { buildPage } from './scripts/build-page.mjs'; await buildPage(process.cwd(), process.execPath);`;
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--input-type=module', '--eval', code], { cwd: project }, (error, _, messages) =>
      error ? reject(error) : resolve(messages),
    );
  });
}

async function builtScript(): Promise<string> {
  const assets = join(project, 'dist/page/assets');
  const name = (await readdir(assets)).find((each) => each.endsWith('.js')) ?? '';
  return readFile(join(assets, name), 'utf8');
}

test('builds the page once, and again when its sources have changed', async () => {
  assert.match(await build(), /^Thena: Building the web page …\nThena: Built in [\d.]+ s\.\n$/);
  assert.match(await builtScript(), /first/);
  const files = await readdir(join(project, 'dist/page'));
  assert.deepEqual(files.toSorted(), ['assets', 'index.html', 'index.html.br', 'index.html.gz', 'sources.sha256']);
  assert.equal(await build(), '');

  await writeFile(join(project, 'ui/main.ts'), `document.title = 'second' as string;\n`);
  assert.match(await build(), /Built in/);
  assert.match(await builtScript(), /second/);
  assert.deepEqual(await readdir(join(project, 'dist')), ['page']);
});

test('builds once if several processes start at the same time', async () => {
  const messages = await Promise.all([build(), build(), build()]);
  assert.equal(messages.filter((each) => each.includes('Built in')).length, 1);
});

test('keeps the last page if the build fails, and says so', async () => {
  await writeFile(join(project, 'ui/main.ts'), 'not a program');
  assert.match(await build(), /could not be built.*Thena runs without it\. The API is not affected\./);

  await writeFile(join(project, 'ui/main.ts'), `document.title = 'first' as string;\n`);
  await build();
  await writeFile(join(project, 'ui/main.ts'), 'not a program');
  assert.match(await build(), /could not be built.*The last one that was built is served\./);
  assert.match(await builtScript(), /first/);
});

test('builds nothing where there are no sources, as in a package', async () => {
  await rm(join(project, 'ui'), { recursive: true });
  assert.equal(await build(), '');
});
