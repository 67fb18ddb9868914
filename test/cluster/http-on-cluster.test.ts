import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { endWithThis } from '../../harness/end-with-this.ts';
import { NO_CLUSTER, startClusterServers } from './start-cluster.ts';

const FOLDER = fileURLToPath(new URL('../http/', import.meta.url));

/** Tests of what users get, whatever stores it. */
const FILES: readonly string[] = [
  'access',
  'analyze-types',
  'answer-links',
  'assignment',
  'column-names',
  'customer-events',
  'date-and-time',
  'date-and-time-round-trip',
  'declared-columns',
  'golden-buckets',
  'golden-conditions',
  'golden-measures',
  'grafana-requests',
  'hints',
  'integer-to-number',
  'number-buckets',
  'polluted-tables',
  'progress',
  'queries',
  'query-injection',
  'refused-queries',
  'rejected-rows',
  'replies',
  'rights',
  'running-analyses',
  'tus-client',
  'widen-to-text',
  'zone-edges',
];

/** Why the others are not among them. */
const OTHERS: Readonly<Record<string, readonly string[]>> = {
  'looks into files of the data folder': [
    'byte-order-marks',
    'cancel-undo',
    'customers',
    'export',
    'export-files',
    'export-links',
    'export-readers',
    'files',
    'full-disk-http',
    'late-options',
    'preview',
    'refused-requests',
    'repeated-uploads',
    'resumable-uploads',
    'round-trip',
    'sessions',
    'stalled-senders',
    'uploads',
    'webhooks',
  ],
  'measures the engine of queries, which is ClickHouse': ['analysis-limits'],
  'is decided before anything is stored': [
    'about',
    'file-doubts',
    'files-around-the-table',
    'first-files',
    'guard',
    'hostile-headers',
    'option-doors',
    'page',
    'reading',
    'reasons-for-text',
    'styled-tables',
    'tus-protocol',
    'unknown-columns',
    'unmet-headers',
    'value-hints',
  ],
  'takes long, and the stores are compared in test/contract/stores-agree.test.ts': [
    'python-readers',
    'random-widening',
    'row-numbers',
    'rows',
  ],
};

test('every test of the HTTP API runs on a cluster, or does not for a reason', () => {
  const names = readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.replace('.test.ts', ''));
  assert.deepEqual(names.toSorted(), [...FILES, ...Object.values(OTHERS).flat()].toSorted());
});

test('the HTTP API answers on a cluster as it does on one machine', {
  skip: NO_CLUSTER ?? false,
  timeout: 1_200_000,
}, async () => {
  const servers = await startClusterServers();
  try {
    const files = FILES.map((name) => join(FOLDER, `${name}.test.ts`));
    const { NODE_TEST_CONTEXT: _, ...inherited } = process.env;
    const tests = spawn(process.execPath, ['--test', '--test-concurrency=2', '--test-reporter=spec', ...files], {
      env: { ...inherited, TEST_CLUSTER: JSON.stringify(servers.addresses) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // It ends its own processes.
    endWithThis(tests, 'SIGTERM');
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
