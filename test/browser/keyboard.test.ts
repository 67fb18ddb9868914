import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import { browserOrReason, siteOf } from './browser-page.ts';

const { browser, skip } = await browserOrReason();

const MOST_TABS = 60;

/** Presses Tab until an element has the focus, which has to be visible then. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let pressed = 0; pressed < MOST_TABS; pressed++) {
    if (await target.evaluate((element) => element === document.activeElement)) {
      const outline = await target.evaluate((element) => getComputedStyle(element).outlineStyle);
      assert.notEqual(outline, 'none', `the focus of ${target} is not visible`);
      return;
    }
    await page.keyboard.press('Tab');
  }
  assert.fail(`${target} cannot be reached by Tab`);
}

async function press(page: Page, target: Locator): Promise<void> {
  await tabTo(page, target);
  await page.keyboard.press('Enter');
}

describe('the page by keyboard alone', { skip }, () => {
  const site = siteOf(browser);

  test('uploads a file with a question, corrects a row, and undoes', async () => {
    await upload(site.thena.url, 'keys', 'note,amount\nfirst,1\n');
    const page = await site.visitor.open('/c/keys/uploads');
    const chooser = page.waitForEvent('filechooser');
    await press(page, page.getByRole('button', { name: 'Choose files' }));
    const buffer = Buffer.from('note,amount\nsecond,2\nthird,three\n');
    await (await chooser).setFiles({ name: 'keys.csv', mimeType: 'text/csv', buffer });
    await press(page, page.getByRole('button', { name: 'Load the other rows' }));
    await page.getByText('They will be left out').waitFor();
    await press(page, page.getByRole('button', { name: 'Upload keys.csv' }).and(page.locator(':enabled')));
    await page.getByRole('row', { name: /^keys\.csv .*With rejected rows/ }).waitFor();
    await press(page, page.getByRole('row', { name: /^keys\.csv/ }).getByRole('link'));
    await press(page, page.getByRole('link', { name: 'Show and correct the rejected rows' }));
    await tabTo(page, page.getByLabel('amount, line 3'));
    await page.keyboard.press('Control+A');
    await page.keyboard.type('3');
    await tabBackTo(page, page.getByRole('button', { name: 'Send 1 changed row' }));
    await page.keyboard.press('Enter');
    await page.getByText('= 1 added + 0 left').waitFor();
    await until(async () => (await totalRows(site.thena.url, 'keys')) === 3);
    await tabBackTo(page, page.getByRole('link', { name: 'keys.csv', exact: true }));
    await page.keyboard.press('Enter');
    await press(page, page.getByRole('button', { name: 'Undo upload' }));
    await press(page, page.getByRole('dialog').getByRole('button', { name: 'Undo upload' }));
    await page.getByText('Undone', { exact: true }).waitFor();
    await until(async () => (await totalRows(site.thena.url, 'keys')) === 2);
  });
});

async function tabBackTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let pressed = 0; pressed < MOST_TABS; pressed++) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Shift+Tab');
  }
  assert.fail(`${target} cannot be reached by Shift and Tab`);
}
