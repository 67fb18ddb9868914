import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { endWithThis } from '../harness/end-with-this.ts';

const MODULE = new URL('../harness/end-with-this.ts', import.meta.url).href;
const FOREVER = 'setInterval(() => {}, 1000);';
/** A process that starts another one, whose output ends when both have ended. */
const STARTS = `
  import { spawn } from 'node:child_process';
  import { endWithThis } from ${JSON.stringify(MODULE)};
  const child = endWithThis(spawn(process.execPath, ['--eval', process.argv[1]], { stdio: 'inherit' }));
  child.once('spawn', () => console.log('started'));`;

for (const [what, signal, code] of [
  ['the other one ends', null, 0],
  ['SIGINT ends that one', 'SIGINT', 130],
  ['SIGTERM ends that one', 'SIGTERM', 143],
  ['SIGHUP ends that one', 'SIGHUP', 129],
] as const) {
  const skip = signal !== null && process.platform === 'win32' && 'needs POSIX signals';
  test(`a process that another one started ends when ${what}`, { skip, timeout: 30_000 }, async () => {
    const ends = signal === null ? "child.once('spawn', () => process.exit());" : '';
    const parent = endWithThis(spawn(process.execPath, ['--input-type=module', '--eval', STARTS + ends, FOREVER]));
    parent.stdout.once('data', () => signal && parent.kill(signal));
    const [exitCode] = await once(parent, 'close');
    assert.equal(exitCode, code);
  });
}
