import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Allocates and drops four gigabytes outside of a heap like that of a server. Prints how often V8 has marked the whole heap meanwhile. */
const COUNT_MARKS = `
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { countExternalMemory } from ${JSON.stringify(new URL('../src/external-memory.ts', import.meta.url))};
countExternalMemory(process.argv[1]);
const kept = Array.from({ length: 600_000 }, (_, index) => ({ index }));
let marks = 0;
const count = (entries) => {
  for (const { detail } of entries) if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marks++;
};
const observer = new PerformanceObserver((list) => count(list.getEntries()));
observer.observe({ entryTypes: ['gc'] });
for (let chunk = 0; chunk < 64_000; chunk++) {
  Buffer.allocUnsafeSlow(64 * 1024);
  // What is done with a chunk takes some memory of the heap.
  for (let index = 0; index < 40; index++) kept[index] = { index: [index] };
  if (chunk % 100 === 0) await new Promise(setImmediate);
}
count(observer.takeRecords());
console.log(marks);
`;

function countMarks(nodeVersion: string): { readonly marks: number; readonly stderr: string } {
  const args = ['--input-type=module', '--eval', COUNT_MARKS, '--', nodeVersion];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  return { marks: Number.parseInt(stdout, 10), stderr };
}

test('memory of chunks that are dropped does not make V8 mark the whole heap', () => {
  const { marks, stderr } = countMarks(process.versions.node);
  assert.equal(stderr, '');
  assert.ok(marks <= 4, `${marks} times`);
  // As V8 does without the flag: otherwise nothing is tested.
  const { marks: before } = countMarks('1.0.0');
  assert.ok(before >= 10, `${before} times`);
});
