import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { endWithThis } from '../harness/end-with-this.ts';

const FOLDERS = new URL('../scripts/test-folders.mjs', import.meta.url).href;
const LAUNCH = new URL('../scripts/launch.mjs', import.meta.url).href;
const NEEDS_POSIX = { skip: process.platform === 'win32' && 'needs POSIX signals' };

interface Outcome {
  readonly code: number | null;
  readonly folders: readonly string[];
  readonly messages: string;
}

/**
 * Runs code in folders for tests, in a process group of its own.
 *
 * @param code prints nothing but `ready` when it can be interrupted
 */
async function runInFolders(code: string, signal: NodeJS.Signals | null = null): Promise<Outcome> {
  const tests = `console.log([process.env.TMPDIR, process.env.TEST_MEMORY].filter(Boolean).join()); ${code}`;
  const runs = `
    import { inTestFolders } from ${JSON.stringify(FOLDERS)};
    import { launch } from ${JSON.stringify(LAUNCH)};
    const runIn = (folders) => launch(process.execPath, ['--input-type=module', '--eval', ${JSON.stringify(tests)}], {
      cwd: '/', env: { ...process.env, ...folders },
    });
    process.exitCode = await inTestFolders(runIn);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', runs], { detached: true });
  // It ends the one that it started.
  endWithThis(child, 'SIGTERM');
  let [output, messages] = ['', ''];
  child.stderr.on('data', (text: Buffer) => {
    messages += text;
  });
  child.stdout.on('data', (text: Buffer) => {
    output += text;
    // Ctrl-C in a terminal reaches the whole group.
    if (signal && output.endsWith('ready\n')) process.kill(-(child.pid as number), signal);
  });
  const [exitCode] = await once(child, 'close');
  return { code: exitCode, folders: output.split('\n', 1)[0]?.split(',') ?? [], messages };
}

const WRITE = `(await import('node:fs')).writeFileSync(process.env.TMPDIR + '/thena-file', 'text');`;

test('tests have folders of their own, which are removed at the end', NEEDS_POSIX, async () => {
  const { code, folders, messages } = await runInFolders('process.exitCode = 3;');
  assert.deepEqual([code, messages], [3, '']);
  assert.equal(folders.length, process.platform === 'linux' ? 2 : 1);
  assert.ok(folders.every((folder) => !existsSync(folder)));
});

test('tests that leave files behind fail, and these are removed', NEEDS_POSIX, async () => {
  const { code, folders, messages } = await runInFolders(WRITE);
  assert.deepEqual([code, messages], [1, 'Thena: The tests left files behind: thena-file.\n']);
  assert.ok(folders.every((folder) => !existsSync(folder)));
});

test('files of other programs are removed, and are no failure', NEEDS_POSIX, async () => {
  const { code, folders, messages } = await runInFolders(WRITE.replace('thena-file', 'browser-file'));
  assert.deepEqual([code, messages], [0, '']);
  assert.ok(folders.every((folder) => !existsSync(folder)));
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`what tests that ${signal} interrupts have written is removed`, NEEDS_POSIX, async () => {
    const { folders, messages } = await runInFolders(
      `${WRITE} setInterval(() => {}, 1000); console.log('ready');`,
      signal,
    );
    assert.equal(messages, '');
    assert.ok(folders.length > 0 && folders.every((folder) => !existsSync(folder)));
  });
}
