import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { call, type RunningThena, startThena } from '../server.ts';
import {
  assertAccessible,
  assertFitsPhone,
  browserOrReason,
  chooseAndUpload,
  type Visit,
  visit,
} from './browser-page.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const AS_ADMIN = { authorization: `Bearer ${ADMIN_KEY}` };

const { browser, skip } = await browserOrReason();

describe('the page of a server with keys', { skip }, () => {
  let thena: RunningThena;
  let visitor: Visit;
  before(async () => {
    thena = await startThena({ THENA_ADMIN_KEY: ADMIN_KEY });
  });
  after(async () => {
    await browser.close();
    await thena.close();
  });
  beforeEach(async () => {
    visitor = await visit(browser, thena.url);
  });
  afterEach(() => visitor.close());

  async function customer(id: string): Promise<{ readonly id: string; readonly key: string }> {
    const { body } = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: id }, headers: AS_ADMIN });
    return body.api_key;
  }

  test('asks for a key, refuses a wrong one, and shows a customer its own table', async () => {
    const { key } = await customer('mine');
    await customer('theirs');
    const page = await visitor.open('/c/theirs');
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

  test('shows the key of a new customer to the administrator, once', async () => {
    const page = await visitor.open('/');
    await page.getByLabel('API key').fill(ADMIN_KEY);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'New customer' }).click();
    await page.getByLabel('Customer ID').fill('new');
    await page.getByRole('button', { name: 'Create' }).click();
    const key = await page.getByRole('dialog').locator('code').innerText();
    await assertAccessible(page, 'new key');
    assert.equal(
      (await call(`${thena.url}/api/v1/customers/new`, { headers: { authorization: `Bearer ${key}` } })).status,
      200,
    );
    await page.getByRole('button', { name: 'I have saved the key' }).click();
    await page.getByRole('heading', { level: 1, name: 'new' }).waitFor();
  });

  test('says that the key was revoked, and goes on with another', async () => {
    const { id, key } = await customer('revoked');
    const page = await visitor.open('/');
    await page.getByLabel('API key').fill(key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: 'revoked' }).waitFor();
    const keys = `${thena.url}/api/v1/customers/revoked/keys`;
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
