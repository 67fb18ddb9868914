import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startThena, totalRows, upload } from '../server.ts';
import { assertAccessible, assertFitsPhone, assertFitsZoom, browserOrReason, siteOf, visit } from './browser-page.ts';

const MOST_SCRIPT_BYTES = 250_000;

const { browser, skip } = await browserOrReason();

describe('the page of a server without keys', { skip }, () => {
  const site = siteOf(browser);

  test('starts with a way to create a customer, which leads to it', async () => {
    const page = await site.visitor.open('/');
    await page.getByText('No customers yet').waitFor();
    await assertAccessible(page, 'empty start');
    await page.getByRole('button', { name: 'New customer' }).click();
    await page.getByLabel('Customer ID').fill('not an id');
    await page.keyboard.press('Enter');
    await page.getByText('"not an id" is not a valid customer ID').waitFor();
    await assertAccessible(page, 'new customer');
    await page.getByLabel('Customer ID').fill('1000');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { level: 1, name: '1000' }).waitFor();
    assert.equal(new URL(page.url()).pathname, '/c/1000');
    await page.getByText('No table yet').waitFor();
    await assertAccessible(page, 'new customer');
  });

  test('offers a sample file, one click away from the first chart', async () => {
    const empty = await startThena();
    const beginner = await visit(browser, empty.url);
    try {
      const page = await beginner.open('/');
      await page.getByRole('button', { name: 'Try it with a sample file' }).click();
      await page.getByRole('heading', { level: 1, name: 'Analyses' }).waitFor();
      await page.locator('main canvas').waitFor();
      assert.equal(await totalRows(empty.url, 'sample'), 8640);
      await beginner.close();
    } finally {
      await empty.close();
    }
  });

  test('switches between customers, and goes back', async () => {
    await upload(site.thena.url, 'first', 'a\n1\n');
    await upload(site.thena.url, 'second', 'a\n1\n2\n');
    const page = await site.visitor.open('/');
    await page.getByRole('link', { name: 'first' }).click();
    await page.getByRole('button', { name: 'Customer first, switch' }).click();
    await page.getByRole('menuitem', { name: 'second' }).click();
    await page.getByRole('heading', { level: 1, name: 'second' }).waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: 'first' }).waitFor();
  });

  test('keeps the chosen colours after a reload', async () => {
    const page = await site.visitor.open('/');
    const background = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    const light = await background();
    await page.getByRole('button', { name: 'Settings and account' }).click();
    await assertFitsPhone(page, 'menu');
    await assertFitsZoom(page, 'menu');
    await page.getByRole('menuitem', { name: 'Dark' }).click();
    assert.notEqual(await background(), light);
    await page.reload();
    await page.getByRole('heading', { name: 'Customers' }).waitFor();
    assert.notEqual(await background(), light);
  });

  test('can be used within a second, with little script', async () => {
    await upload(site.thena.url, 'quick', 'a\n1\n');
    const page = await site.visitor.context.newPage();
    let scriptBytes = 0;
    page.on('response', async (response) => {
      if (!response.url().endsWith('.js')) return;
      const { responseBodySize } = await response.request().sizes();
      scriptBytes += responseBodySize;
    });
    const startedAt = performance.now();
    await page.goto('/c/quick');
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    const ms = performance.now() - startedAt;
    await page.waitForLoadState('load');
    assert(scriptBytes > 50_000 && scriptBytes < MOST_SCRIPT_BYTES, `${scriptBytes} bytes of script`);
    // Ten times as much on a machine that runs other tests at the same time.
    assert(ms < 10_000, `${ms} ms`);
  });

  test('says that an address does not exist', async () => {
    const page = await site.visitor.open('/c/first/nothing');
    await page.getByRole('heading', { name: 'Page not found' }).waitFor();
    await assertAccessible(page, 'not found');
  });
});
