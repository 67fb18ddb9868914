/** Runs the receiver of docs/webhooks.md as a program, and sends it an event. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { splitMarkdown } from './markdown.ts';
import { call, startThena, upload } from './server.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

test('the receiver in docs/webhooks.md verifies events, and refuses others', async () => {
  const page = readFileSync(`${ROOT}docs/webhooks.md`, 'utf8');
  const [example, ...rest] = splitMarkdown(page).fences.filter(({ language }) => language === 'js');
  assert.ok(example && rest.length === 0);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const thena = await startThena({ THENA_WEBHOOK_PRIVATE_ADDRESSES: 'allow' });
  await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'a' } });
  const json = { url, events: ['upload.complete'] };
  const { body: webhook } = await call(`${thena.url}/api/v1/customers/a/webhooks`, { json });
  const program = example.text.replace('listen(9000)', `listen(${port}, '127.0.0.1')`);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    cwd: ROOT,
    env: { ...process.env, WEBHOOK_SECRET: webhook.secret },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const status = () =>
      call(url, { json: {} }).then(
        (reply) => reply.status,
        () => null,
      );
    await until(async () => (await status()) === 400);
    const { body } = await upload(thena.url, 'a', 'a\n1\n');
    await until(() => output === `upload.complete ${body.id}\n`);
  } finally {
    child.kill();
    await once(child, 'exit');
    await thena.close();
  }
});
