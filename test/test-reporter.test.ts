import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const REPORTER = fileURLToPath(new URL('../scripts/test-reporter.mjs', import.meta.url));

const TESTS = `
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

describe('numbers', () => {
  test('one is two', () => assert.equal(1, 2));
  test('one is one', () => assert.equal(1, 1));
  test('one is three, some day', { todo: true }, () => assert.equal(1, 3));
});
test('ends in time', { timeout: 10 }, () => new Promise((resolve) => setTimeout(resolve, 1000)));
`;

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'thena-test-reporter-'));
  await writeFile(join(folder, 'numbers.test.mjs'), TESTS);
  await writeFile(join(folder, 'exits.test.mjs'), 'process.exit(3);');
});

after(() => rm(folder, { recursive: true, force: true }));

/** @returns the report of the tests, without the parts that are above its end */
function endOfReport(...args: string[]): string[] {
  // Node takes a test runner that is started by a test for a part of it, if it gets this variable.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, ['--test', `--test-reporter=${REPORTER}`, ...args], {
    cwd: folder,
    env,
  });
  const lines = stdout.toString().trimEnd().split('\n');
  return lines.slice(lines.findLastIndex((line) => !line.startsWith('#')) + 1);
}

test('ends with the failed tests, their errors and the counts', () => {
  const lines = endOfReport();
  const failed = lines.filter((line) => line.startsWith('# failed: '));
  assert.deepEqual(failed, [
    '# failed: exits.test.mjs (exits.test.mjs:1:1)',
    '# failed: numbers > one is two (numbers.test.mjs:6:3)',
    '# failed: ends in time (numbers.test.mjs:10:1)',
  ]);
  const report = lines.join('\n');
  assert.match(
    report,
    /one is two .*\n#\s+AssertionError .*strictly equal:\n#\s*\n#\s+1 !== 2\n#\s*\n#\s+at .*numbers\.test\.mjs:6:/,
  );
  assert.match(report, /ends in time .*\n#\s+test timed out after 10ms\n# tests 5\n/);
  assert.doesNotMatch(report, /some day|node:internal/);
  assert.match(lines.at(-1) ?? '', /^# duration_ms /);
});

test('puts the coverage above them', () => {
  const lines = endOfReport('--experimental-test-coverage');
  const coverage = lines.findIndex((line) => line.includes('end of coverage report'));
  assert.ok(coverage > 0);
  assert.ok(coverage < lines.findIndex((line) => line.startsWith('# failed: ')));
  assert.match(lines.at(-1) ?? '', /^# duration_ms /);
});
