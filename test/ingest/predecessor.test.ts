import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveInstance } from '../../src/catalog/node.ts';
import type { Observation } from '../../src/events.ts';
import { awaitPredecessor } from '../../src/ingest/upkeep/predecessor.ts';

const TIMING = { pollMs: 10, deadMs: 300, seenMs: 100 };
/** For nodes that start earlier, however slow the machine is. */
const PATIENT = { ...TIMING, deadMs: 20_000 };
const OWN = { host: 'here', pid: 7, isRunning: (pid: number) => pid === 8 };

/** Waits for a node whose instance is what `look` returns, which is called with the milliseconds since the start. */
async function waited(look: (ms: number) => LiveInstance | null, timing = TIMING) {
  const startedAt = performance.now();
  const observed: Observation[] = [];
  const catalog = { findInstance: async () => look(performance.now() - startedAt) };
  const deps = { catalog, nodeId: 'node', own: OWN, observe: (each: Observation) => void observed.push(each) };
  const outcome = await awaitPredecessor(deps, timing).then(
    () => 'starts',
    (error: Error) => `${error.name}: ${error.message}`,
  );
  return { outcome, ms: performance.now() - startedAt, observed: observed.map(({ kind }) => kind) };
}

const instance = (host: string, pid: number, seenAt = 0): LiveInstance => ({
  instanceId: 'other',
  process: { host, pid },
  seenAt,
});

test('a node starts at once if its predecessor has ended, or its process is certainly gone', async () => {
  for (const other of [null, instance('here', 9), instance('here', 7)]) {
    const { outcome, ms, observed } = await waited(() => other, PATIENT);
    assert.deepEqual([outcome, observed], ['starts', []]);
    assert.ok(ms < PATIENT.deadMs, `${ms}`);
  }
});

test('a node starts once its predecessor was not seen for long, wherever that runs', async () => {
  for (const other of [instance('elsewhere', 9), instance('here', 8), { ...instance('', 0), process: null }]) {
    const { outcome, ms, observed } = await waited(() => other);
    assert.deepEqual([outcome, observed], ['starts', ['node_waits']]);
    assert.ok(ms >= TIMING.deadMs, `${ms}`);
  }
});

test('a node starts when a predecessor has stopped that was on its way', async () => {
  const { outcome, ms } = await waited((at) => (at < 150 ? instance('elsewhere', 9, at) : null), PATIENT);
  assert.equal(outcome, 'starts');
  assert.ok(ms < PATIENT.deadMs, `${ms}`);
});

test('a node does not start while another process is seen as the same node, and names it', async () => {
  const { outcome } = await waited((at) => instance('elsewhere', 9, Math.floor(at / 50)));
  assert.match(outcome, /^SettingError: Node node runs already: process 9 on elsewhere\./);
});
