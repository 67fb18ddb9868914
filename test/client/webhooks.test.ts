import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { createClient, type ThenaClient } from '../../client/create-client.ts';
import { isProblem } from '../../client/thena-problem.ts';
import type { WebhookEvent } from '../../src/api/webhooks.ts';
import { type RunningThena, startThena } from '../server.ts';
import { until } from '../until.ts';
import { type Receiver, startReceiver } from '../webhooks/receiver.ts';

let thena: RunningThena;
let client: ThenaClient;
let to: Receiver;
before(async () => {
  thena = await startThena({ THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow' });
  client = createClient({ url: thena.url });
  to = await startReceiver();
});
after(async () => {
  await thena.close();
  await to.close();
});

test('webhooks are created, tested, changed and deleted, and their events have a type', async () => {
  await client.createCustomer({ customer_id: 'acme' });
  const { id, secret } = await client.createWebhook('acme', { url: to.url, events: ['upload.complete'] });
  assert.equal((await client.testWebhook('acme', id)).status, 'delivered');
  const { id: uploadId } = await client.upload('acme', new Blob(['a\n1\n']));
  await until(() => to.received.length === 2);
  const { raw, headers } = to.received[1] ?? assert.fail();
  const event = new Webhook(secret).verify(raw, headers as Record<string, string>) as WebhookEvent;
  assert.ok(event.type === 'upload.complete');
  assert.deepEqual([event.data.id, event.data.receipt?.appended], [uploadId, 1]);
  await until(
    async () => (await client.listWebhookDeliveries('acme', id, { limit: 1 })).items[0]?.status === 'delivered',
  );
  const types: string[] = [];
  for await (const delivery of client.webhookDeliveries('acme', id)) types.push(delivery.type);
  assert.deepEqual(types, ['upload.complete', 'webhook.test']);
  assert.equal((await client.changeWebhook('acme', id, { enabled: false })).disabled_reason, 'request');
  assert.equal((await client.webhook('acme', id)).disabled_reason, 'request');
  assert.equal((await client.webhooks('acme')).length, 1);
  await client.deleteWebhook('acme', id);
  await assert.rejects(client.webhook('acme', id), (error) => isProblem(error, 'webhook_not_found'));
});
