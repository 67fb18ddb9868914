import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, startThena } from '../server.ts';

it('stops in the middle of an upload without a failure, and leaves nothing of it', async () => {
  const thena = await startThena();
  const sender = request(`${thena.url}/api/v1/customers/stopped/uploads`, { method: 'PUT' });
  sender.on('error', () => undefined);
  // Enough for its load to start, and then nothing until the server closes the connection.
  sender.write(`day,amount\n${'2024-01-02,1\n'.repeat(1_000_000)}`);
  const attempts = async (): Promise<number> => {
    const { body } = await call(`${thena.url}/api/v1/customers/stopped/uploads`);
    return body.items?.[0]?.attempts ?? 0;
  };
  while ((await attempts()) === 0) await sleep(20);
  let spooled: readonly string[] = ['not read'];
  await thena.close(() => {
    spooled = readdirSync(join(thena.dataDir, 'spool'));
  });
  assert.deepEqual(spooled, []);
  const failures = thena.observations.filter(({ kind }) => kind.endsWith('_failed'));
  assert.deepEqual(failures, []);
});
