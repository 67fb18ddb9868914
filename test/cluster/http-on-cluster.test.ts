import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { NO_CLUSTER, startClusterServers } from './start-cluster.ts';

/** Tests of what users get, whatever stores it. Others look into files of the data folder, or would take long. */
const FILES = [
  'access',
  'analyze-types',
  'assignment',
  'customer-events',
  'declared-columns',
  'golden-measures',
  'integer-to-number',
  'number-buckets',
  'progress',
  'queries',
  'rejected-rows',
  'replies',
  'rights',
  'tus-client',
  'widen-to-text',
  'zone-edges',
];

test('the HTTP API answers on a cluster as it does on one machine', {
  skip: NO_CLUSTER ?? false,
  timeout: 1_200_000,
}, async () => {
  const servers = await startClusterServers();
  try {
    const files = FILES.map((name) => fileURLToPath(new URL(`../http/${name}.test.ts`, import.meta.url)));
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const tests = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], {
      env: { ...inherited, TEST_CLUSTER: JSON.stringify(servers.addresses) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    tests.stdout.on('data', (text: Buffer) => {
      output += text;
    });
    const [code] = await once(tests, 'close');
    assert.equal(code, 0, output.slice(output.lastIndexOf('failing tests')));
  } finally {
    await servers.remove();
  }
});
