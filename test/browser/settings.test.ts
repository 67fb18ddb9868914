import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { call } from '../server.ts';
import { assertAccessible, assertFitsPhone, assertFitsZoom, browserOrReason, siteOf } from './browser-page.ts';

const ADMIN_KEY = 'an-admin-key-for-tests-only';
const AS_ADMIN = { authorization: `Bearer ${ADMIN_KEY}` };

const { browser, skip } = await browserOrReason();

describe('the settings of a customer in the page', { skip }, () => {
  const site = siteOf(browser, { THENA_ADMIN_KEY: ADMIN_KEY });

  async function asAdmin(path: string): Promise<Page> {
    const page = await site.visitor.open(path);
    await page.getByLabel('API key').fill(ADMIN_KEY);
    await page.keyboard.press('Enter');
    return page;
  }

  test('create a key with its permissions, show it once, and revoke it', async () => {
    await call(`${site.thena.url}/api/v1/customers`, { json: { customer_id: 'keyed' }, headers: AS_ADMIN });
    const page = await asAdmin('/c/keyed/settings');
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Label').fill('Nightly');
    await page.getByLabel('Upload files').uncheck();
    await page.getByLabel('Cancel and undo uploads').uncheck();
    await assertAccessible(page, 'new key');
    await page.getByRole('button', { name: 'Create key' }).click();
    const key = await page.getByRole('dialog').locator('code').innerText();
    const withKey = () =>
      call(`${site.thena.url}/api/v1/customers/keyed`, { headers: { authorization: `Bearer ${key}` } });
    assert.equal((await withKey()).status, 200);
    // As on a page that is not served over HTTPS.
    await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    await page.getByRole('button', { name: 'I have saved the key' }).click();
    await page.getByRole('button', { name: 'New key' }).click();
    await page.getByLabel('Label').focus();
    await page.keyboard.press('Control+V');
    assert.equal(await page.getByLabel('Label').inputValue(), key);
    await page.keyboard.press('Escape');
    await page.getByRole('row', { name: /^Nightly .* read / }).waitFor();
    assert(!(await page.content()).includes(key), 'the key is still shown');
    await assertAccessible(page, 'settings');
    await assertFitsPhone(page, 'settings');
    await assertFitsZoom(page, 'settings');
    await page.getByRole('button', { name: 'Revoke Nightly' }).click();
    await page.getByRole('button', { name: 'Revoke key' }).click();
    await page.getByRole('row', { name: /^Nightly .*Revoked/ }).waitFor();
    assert.equal((await withKey()).status, 401);
  });

  test('show what was declared for a new customer, and delete it once its ID is typed', async () => {
    const page = await asAdmin('/');
    await page.getByRole('button', { name: 'New customer' }).first().click();
    await page.getByLabel('Customer ID').fill('declared');
    await page.getByText('Declare columns and defaults').click();
    await page.getByLabel('Delimiter').selectOption('Semicolon');
    await page.getByRole('button', { name: 'Add a column' }).click();
    await page.getByLabel('Column 1', { exact: true }).fill('day');
    await page.getByLabel('Type of column 1').selectOption('date');
    await assertAccessible(page, 'declared customer');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('button', { name: 'I have saved the key' }).click();
    await page.getByRole('link', { name: 'Settings' }).click();
    await page.getByRole('row', { name: 'Column day date' }).waitFor();
    await page.getByRole('row', { name: 'Default of delimiter ;' }).waitFor();
    await page.getByRole('button', { name: 'Delete customer' }).click();
    const confirm = page.getByRole('dialog').getByRole('button', { name: 'Delete customer' });
    await page.getByLabel('Type declared to confirm').fill('declare');
    assert(await confirm.isDisabled());
    await assertAccessible(page, 'delete customer');
    await page.getByLabel('Type declared to confirm').fill('declared');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    const { status } = await call(`${site.thena.url}/api/v1/customers/declared`, { headers: AS_ADMIN });
    assert.equal(status, 404);
  });

  test('are not shown to a customer', async () => {
    const { body } = await call(`${site.thena.url}/api/v1/customers`, {
      json: { customer_id: 'own' },
      headers: AS_ADMIN,
    });
    const page = await site.visitor.open('/c/own/settings');
    await page.getByLabel('API key').fill(body.api_key.key);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Page not found' }).waitFor();
  });
});
