import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { call } from '../server.ts';
import { assertAccessible, assertFitsPhone, browserOrReason, chooseAndUpload, siteOf } from './browser-page.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const AS_ADMIN = { authorization: `Bearer ${ADMIN_KEY}` };

const { browser, skip } = await browserOrReason();

describe('the page of a server with keys', { skip }, () => {
  const site = siteOf(browser, { THENA_ADMIN_KEY: ADMIN_KEY });

  async function customer(id: string): Promise<{ readonly id: string; readonly key: string }> {
    const { body } = await call(`${site.thena.url}/api/v1/customers`, { json: { customer_id: id }, headers: AS_ADMIN });
    return body.api_key;
  }

  test('asks for a key, refuses a wrong one, and shows a customer its own table', async () => {
    const { key } = await customer('mine');
    await customer('theirs');
    const page = await site.visitor.open('/c/theirs');
    await page.getByRole('heading', { name: 'Thena' }).waitFor();
    await assertAccessible(page, 'sign-in');
    await assertFitsPhone(page, 'sign-in');
    await page.getByLabel('API key').fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('The API key is unknown or has been revoked.').waitFor();
    await assertAccessible(page, 'wrong key');
    await page.getByLabel('API key').fill(key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Customer not found' }).waitFor();
    await page.goto('/');
    await page.getByRole('heading', { level: 1, name: 'mine' }).waitFor();
    await chooseAndUpload(page, { name: 'a.csv', mimeType: 'text/csv', buffer: Buffer.from('a\n1\n') });
    await page.getByRole('row', { name: /^a\.csv .*Complete/ }).waitFor();
    assert.equal(await page.evaluate(() => document.cookie), '', 'scripts can read the session');
  });

  test('lets a key that may only upload send files, follow them, and correct their rows', async () => {
    await customer('box');
    const { body } = await call(`${site.thena.url}/api/v1/customers/box/keys`, {
      json: { rights: ['upload'] },
      headers: AS_ADMIN,
    });
    const page = await site.visitor.open('/');
    const refused: string[] = [];
    page.on('response', (response) => response.status() === 403 && refused.push(response.url()));
    await page.getByLabel('API key').fill(body.key);
    await page.keyboard.press('Enter');
    const buffer = Buffer.from('note\tamount\n"x\ty"\t1\nz\n');
    await page.setInputFiles('[aria-label="CSV files"]', { name: 'a.tsv', mimeType: 'text/csv', buffer });
    await page.getByRole('button', { name: 'Load the other rows' }).click();
    await page.getByRole('button', { name: 'Upload a.tsv' }).and(page.locator(':enabled')).click();
    await page
      .getByRole('row', { name: /^a\.tsv .*With rejected rows/ })
      .getByRole('link')
      .click();
    await page.getByRole('link', { name: 'Show and correct the rejected rows' }).click();
    await page.getByLabel('Whole row, line 3').fill('"z\tz"\t2');
    await page.getByRole('button', { name: 'Send 1 changed row' }).click();
    await page.getByText('= 1 added + 0 left').waitFor();
    assert.deepEqual(refused, []);
    const rows = await call(`${site.thena.url}/api/v1/customers/box/table/rows`, { headers: AS_ADMIN });
    assert.deepEqual(rows.body.rows, [
      ['x\ty', 1],
      ['z\tz', 2],
    ]);
  });

  test('shows the key of a new customer to the administrator, once', async () => {
    const page = await site.visitor.open('/');
    await page.getByLabel('API key').fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'New customer' }).click();
    await page.getByLabel('Customer ID').fill('new');
    await page.getByRole('button', { name: 'Create' }).click();
    const key = await page.getByRole('dialog').locator('code').innerText();
    await assertAccessible(page, 'new key');
    assert.equal(
      (await call(`${site.thena.url}/api/v1/customers/new`, { headers: { authorization: `Bearer ${key}` } })).status,
      200,
    );
    await page.getByRole('button', { name: 'I have saved the key' }).click();
    await page.getByRole('heading', { level: 1, name: 'new' }).waitFor();
  });

  test('says that the key was revoked, and goes on with another', async () => {
    const { id, key } = await customer('revoked');
    const page = await site.visitor.open('/');
    await page.getByLabel('API key').fill(key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'revoked' }).waitFor();
    const keys = `${site.thena.url}/api/v1/customers/revoked/keys`;
    const other = await call(keys, { json: {}, headers: AS_ADMIN });
    await call(`${keys}/${id}`, { method: 'DELETE', headers: AS_ADMIN });
    await page.setInputFiles('[aria-label="CSV files"]', {
      name: 'a.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from('a\n1\n'),
    });
    await page.getByText('Your session has ended').waitFor();
    await assertAccessible(page, 'session ended');
    await page.getByLabel('API key').fill(other.body.key);
    await page.keyboard.press('Enter');
    // Without being chosen again.
    await page.getByRole('button', { name: 'Upload a.csv' }).click();
    await page.getByRole('row', { name: /^a\.csv .*Complete/ }).waitFor();
  });
});
