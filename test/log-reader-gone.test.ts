import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startThenaProcess } from '../harness/thena-process.ts';
import { call } from './server.ts';

it('keeps serving when the reader of its log has exited', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'thena-test-'));
  const thena = await startThenaProcess(dataDir);
  try {
    thena.child.stdout?.destroy();
    // Each request logs a line, and the first line after that fails.
    for (let request = 0; request < 5; request++) {
      assert.equal((await call(`${thena.url}/api/v1/customers`)).status, 200);
      await sleep(100);
    }
  } finally {
    await thena.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  }
});
