import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { call, put, startThena, WAIT } from '../server.ts';
import { until } from '../until.ts';

it('cancels an upload while it is received and loaded, observes that once, and answers its client', async () => {
  const thena = await startThena();
  try {
    const uploads = `${thena.url}/api/v1/customers/cancels/uploads`;
    const client = request(uploads, { method: 'PUT' });
    client.on('error', () => undefined);
    const answered = once(client, 'response');
    // Enough for its load to start; the end never comes.
    client.write(`day,amount\n${'2024-01-02,1\n'.repeat(1_000_000)}`);
    let id = '';
    for (let attempts = 0; attempts === 0; await sleep(20)) {
      const [upload] = (await call(uploads)).body.items ?? [];
      id = upload?.id;
      attempts = upload?.attempts ?? 0;
    }
    const cancelled = await call(`${thena.url}/api/v1/uploads/${id}`, { method: 'DELETE' });
    assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled']);
    const [response] = (await answered) as [IncomingMessage];
    assert.equal(((await json(response)) as { code: string }).code, 'upload_cancelled');
    const ends = thena.observations.filter((one) => 'uploadId' in one && one.uploadId === id).map(({ kind }) => kind);
    assert.deepEqual(
      ends.filter((kind) => kind !== 'attempt_failed'),
      ['upload_cancelled'],
    );
    assert.deepEqual(readdirSync(join(thena.dataDir, 'spool')), []);
  } finally {
    await thena.close();
  }
});

it('leaves nothing of the rejected rows that were being written', async () => {
  const thena = await startThena();
  try {
    const drafts = () => readdirSync(join(thena.dataDir, 'rejects')).filter((name) => name.endsWith('.draft'));
    await put(thena.url, 'rejects', 'day,amount\n2024-01-02,1\n', WAIT);
    const { body } = await put(thena.url, 'rejects', `day,amount\n${'2024-01-02,1\n2024-01-02,x\n'.repeat(2_000_000)}`);
    await until(() => drafts().length > 0);
    const cancelled = await call(`${thena.url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
    assert.deepEqual([cancelled.status, cancelled.body.status], [200, 'cancelled']);
    assert.deepEqual(drafts(), []);
  } finally {
    await thena.close();
  }
});

it('leaves no rejected rows of a cancelled upload once its customer is deleted', async () => {
  const thena = await startThena();
  try {
    const files = () => readdirSync(join(thena.dataDir, 'rejects'));
    await put(thena.url, 'rejects', 'day,amount\n2024-01-02,1\n', WAIT);
    const faulty = `day,amount\n2024-01-02,x\n${'2024-01-02,1\n'.repeat(4_000_000)}`;
    const { body } = await put(thena.url, 'rejects', faulty, {}, '?on_error=skip');
    // It goes on with the other rows.
    await until(() => files().some((name) => !name.endsWith('.draft')));
    const cancelled = await call(`${thena.url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
    assert.equal(cancelled.body.status, 'cancelled');
    assert.equal((await call(`${thena.url}/api/v1/customers/rejects`, { method: 'DELETE' })).status, 204);
    assert.deepEqual(files(), []);
  } finally {
    await thena.close();
  }
});
