import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const MODULE = JSON.stringify(new URL('../src/external-memory.ts', import.meta.url));

/** @returns what the code, or V8, writes to its error output */
function errorOutput(code: string): string {
  return spawnSync(process.execPath, ['--input-type=module', '--eval', code], { encoding: 'utf8' }).stderr;
}

// `npm run bench:clickhouse-upload` shows what the flag is worth. How often V8 marks its heap differs too much between runs for a test.
test('the V8 of this Node.js knows the flag that counts external memory', () => {
  const { stdout } = spawnSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  assert.match(stdout, /--external-memory-accounted-in-global-limit/);
  assert.equal(errorOutput(`(await import(${MODULE})).countExternalMemory(process.versions.node)`), '');
  assert.match(errorOutput(`(await import('node:v8')).setFlagsFromString('--no-such-flag')`), /no-such-flag/);
});

test('other versions of Node.js are left as they are', () => {
  const code = `
    import { syncBuiltinESMExports } from 'node:module';
    import v8 from 'node:v8';
    let set = 0;
    v8.setFlagsFromString = () => set++;
    syncBuiltinESMExports();
    const { countExternalMemory } = await import(${MODULE});
    countExternalMemory('27.0.0');
    console.error(set);
    countExternalMemory('26.1.0');
    console.error(set);
  `;
  assert.equal(errorOutput(code), '0\n1\n');
});
