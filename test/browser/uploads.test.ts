import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import {
  assertAccessible,
  assertFitsPhone,
  assertFitsZoom,
  browserOrReason,
  chooseAndUpload,
  siteOf,
} from './browser-page.ts';

const { browser, skip } = await browserOrReason();

const csvFile = (name: string, csv: string) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(csv) });

/** Drops files onto the window, as from a file manager. */
async function drop(page: Page, files: readonly { readonly name: string; readonly csv: string }[]): Promise<void> {
  const transfer = await page.evaluateHandle((dropped) => {
    const data = new DataTransfer();
    for (const { name, csv } of dropped) data.items.add(new File([csv], name, { type: 'text/csv' }));
    return data;
  }, files);
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('main', type, { dataTransfer: transfer });
  }
}

describe('uploading in the page', { skip }, () => {
  const site = siteOf(browser);

  test('loads 19 of 20 files that are dropped, and explains what is wrong with the other', async () => {
    const page = await site.visitor.open('/c/twenty');
    const files = Array.from({ length: 20 }, (_, index) => ({
      name: `part-${index}.csv`,
      csv: index === 7 ? 'other,names\n1,2\n' : `time,amount\n2024-03-0${(index % 9) + 1},${index}\n`,
    }));
    await page.getByRole('button', { name: 'Choose files' }).waitFor();
    await drop(page, files.slice(0, 1));
    await page.getByRole('button', { name: 'Upload part-0.csv' }).click();
    await page.getByRole('row', { name: /^part-0\.csv .*Complete/ }).waitFor();
    await drop(page, files.slice(1));
    await page.getByText('19 files chosen. 18 can be uploaded.').waitFor();
    await assertAccessible(page, 'chosen files');
    await assertFitsPhone(page, 'chosen files');
    await assertFitsZoom(page, 'chosen files');
    await page.getByRole('button', { name: 'Upload 18 ready files' }).click();
    await page.getByText('The columns differ from those of the table. Missing: time, amount.').waitFor();
    assert(await page.getByRole('button', { name: 'Upload part-7.csv' }).isDisabled());
    await until(async () => (await totalRows(site.thena.url, 'twenty')) === 19);
    await page.getByRole('link', { name: 'All uploads' }).click();
    await page.waitForFunction(() => document.body.innerText.match(/Complete/g)?.length === 19);
    assert.equal(await page.getByRole('progressbar').count(), 0);
  });

  test('shows a receipt that adds up, and undoes the upload, which another tab shows', async () => {
    await upload(site.thena.url, 'undone', 'time,amount\n2024-03-01,1\n');
    const page = await site.visitor.open('/c/undone/uploads');
    await chooseAndUpload(page, csvFile('more.csv', 'time,amount\n2024-03-02,2\n2024-03-03,3\n'));
    await page.getByRole('link', { name: 'more.csv' }).click();
    await page.getByText('= 2 added + 0 rejected').waitFor();
    const other = await site.visitor.open('/c/undone/uploads');
    await other.getByRole('listitem').filter({ hasText: 'more.csv' }).getByText('2 rows').waitFor();
    await assertAccessible(other, 'timeline');
    await assertFitsPhone(other, 'timeline');
    await assertFitsZoom(other, 'timeline');
    await page.getByRole('button', { name: 'Undo upload' }).click();
    await page.getByText('2 rows, with times of Mar 2 – 3, 2024').waitFor();
    await page.getByText('will be removed from the table at once. 1 row will remain.').waitFor();
    await assertAccessible(page, 'undo');
    await page.getByRole('dialog').getByRole('button', { name: 'Undo upload' }).click();
    await page.getByText('Undone', { exact: true }).waitFor();
    assert.equal(await totalRows(site.thena.url, 'undone'), 1);
    await other.getByRole('row', { name: /^more\.csv .*Undone/ }).waitFor();
    await other.getByRole('listitem').filter({ hasText: 'more.csv' }).waitFor({ state: 'detached' });
  });

  test('loads a failed file again in another way, without sending it again', async () => {
    const { body } = await upload(site.thena.url, 'again', 'day,amount\n01/02/2024,1\n');
    assert.equal(body.error?.code, 'ambiguous_values');
    const page = await site.visitor.open(`/c/again/uploads/${body.id}`);
    await page.getByLabel('Dates').selectOption('Day, month, year');
    await page.getByRole('button', { name: 'Load it again' }).click();
    await page.getByText('= 1 added + 0 rejected').waitFor();
    await page.getByText('Feb 1, 2024').first().waitFor();
  });

  test('shows cells and names that look like markup as text', async () => {
    const name = '<img src=x onerror=alert(1)>.csv';
    await upload(site.thena.url, 'markup', '<script>alert(1)</script>,amount\n=cmd,1\n');
    const page = await site.visitor.open('/c/markup');
    await page.setInputFiles('[aria-label="CSV files"]', csvFile(name, 'wrong\n1\n'));
    await page.getByRole('article', { name }).getByText('Other columns').waitFor();
    await page.getByRole('rowheader', { name: '<script>alert(1)</script>' }).waitFor();
    const cells = '<script>alert(1)</script>,amount\n<b>bold</b>,1\n=cmd|calc,much\n';
    await page.setInputFiles('[aria-label="CSV files"]', csvFile('cells.csv', cells));
    await page.getByRole('button', { name: 'Details of cells.csv' }).click();
    await page.getByRole('cell', { name: '<b>bold</b>' }).waitFor();
    await page.getByRole('button', { name: 'Load the other rows' }).click();
    await page.getByRole('button', { name: 'Upload cells.csv' }).and(page.locator(':enabled')).click();
    await page
      .getByRole('row', { name: /^cells\.csv .*With rejected rows/ })
      .getByRole('link')
      .click();
    await page.getByRole('link', { name: 'Show and correct the rejected rows' }).click();
    await page.getByText('<b>bold</b>,1').waitFor();
    assert.equal(await page.getByLabel('<script>alert(1)</script>, line 3').inputValue(), '=cmd|calc');
    assert.equal(await page.locator('main img, main script, main b').count(), 0);
  });

  test('is accessible and fits a phone', async () => {
    await upload(site.thena.url, 'shown', 'time,amount\n2024-03-01,1\n2024-03-02,2\n');
    await upload(site.thena.url, 'shown', 'time,amount\n2024-03-01,cheap\n');
    const page = await site.visitor.open('/c/shown');
    await page.getByText('Latest uploads').waitFor();
    await assertAccessible(page, 'overview');
    await assertFitsPhone(page, 'overview');
    await assertFitsZoom(page, 'overview');
    await page.getByRole('link', { name: 'Uploads', exact: true }).click();
    await page.getByRole('heading', { name: 'All uploads' }).waitFor();
    await assertAccessible(page, 'uploads');
    await assertFitsPhone(page, 'uploads');
    await assertFitsZoom(page, 'uploads');
    await page.getByRole('row', { name: 'Failed' }).getByRole('link').click();
    await page.getByRole('alert').waitFor();
    await assertAccessible(page, 'failed upload');
    await assertFitsPhone(page, 'failed upload');
    await assertFitsZoom(page, 'failed upload');
    await page.goBack();
    await page.getByRole('heading', { name: 'All uploads' }).waitFor();
    await page.getByRole('row', { name: 'Complete' }).getByRole('link').click();
    await page.getByText('How the columns were read').waitFor();
    await assertAccessible(page, 'complete upload');
    await assertFitsPhone(page, 'complete upload');
    await assertFitsZoom(page, 'complete upload');
  });
});
