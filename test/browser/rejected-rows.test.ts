import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { call, put, totalRows, upload, WAIT } from '../server.ts';
import { until } from '../until.ts';
import { assertAccessible, assertFitsPhone, assertFitsZoom, browserOrReason, siteOf } from './browser-page.ts';

const { browser, skip } = await browserOrReason();

const ROWS = 10_000;

/** @returns the time at which the first rejected row is shown, in milliseconds since the page was opened */
async function firstRowAt(page: Page): Promise<number> {
  const shown = await page.waitForFunction(
    () => document.querySelector('[aria-label="amount, line 3"]')?.checkVisibility() && performance.now(),
  );
  return Number(await shown.jsonValue());
}

describe('rejected rows in the page', { skip }, () => {
  const site = siteOf(browser);

  test('are shown at once if there are 10,000, and ten are corrected in their place', async () => {
    await upload(site.thena.url, 'many', 'day;amount;note\n2024-03-01;1;"a;b"\n');
    const bad = Array.from({ length: ROWS }, (_, index) => `2024-03-02;x${index};"says ""no""; ${index}"\n`).join('');
    const { body } = await put(
      site.thena.url,
      'many',
      `day;amount;note\n2024-03-02;7;\n${bad}`,
      WAIT,
      '?on_error=skip',
    );
    assert.equal(body.receipt?.rejected, ROWS, JSON.stringify(body.error));
    const page = await site.visitor.open(`/c/many/uploads/${body.id}`);
    const link = page.getByRole('link', { name: 'Show and correct the rejected rows' });
    await link.waitFor();
    const clickedAt = await page.evaluate(() => performance.now());
    await link.click();
    const afterClick = (await firstRowAt(page)) - clickedAt;
    assert(afterClick < 1_000, `the first row was shown ${afterClick} ms after the click`);
    await page.reload({ waitUntil: 'commit' });
    const afterReload = await firstRowAt(page);
    assert(afterReload < 1_000, `the first row was shown ${afterReload} ms after a reload`);
    await page.getByText('= 0 added + 10,000 left').waitFor();
    await page.getByText('2024-03-02;7;', { exact: true }).waitFor();
    await page.getByText('amount is not a whole number').first().waitFor();
    assert((await page.getByRole('listitem').count()) < 100, 'all rows are in the page');
    await assertAccessible(page, 'rejected rows');
    await assertFitsPhone(page, 'rejected rows');
    await assertFitsZoom(page, 'rejected rows');
    for (let line = 3; line < 12; line++)
      await page.getByLabel(`amount, line ${line}`, { exact: true }).fill(`${line}`);
    // The last one, too, which has to be scrolled to.
    const list = page.getByRole('group', { name: 'Rejected rows' });
    await until(async () => {
      await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return page.getByLabel(`amount, line ${ROWS + 2}`, { exact: true }).isVisible();
    });
    await page.getByLabel(`amount, line ${ROWS + 2}`, { exact: true }).fill('still wrong');
    await page.getByRole('button', { name: 'Send 10 changed rows' }).click();
    await page.getByText('1 changed row still does not fit, so nothing was sent.').waitFor();
    assert.equal(await totalRows(site.thena.url, 'many'), 2);
    // What was changed is still there after a reload.
    await page.waitForTimeout(400);
    await page.reload();
    await page.getByRole('button', { name: 'Send 10 changed rows' }).waitFor();
    await until(async () => {
      await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return page.getByLabel(`amount, line ${ROWS + 2}`, { exact: true }).isVisible();
    });
    await page.getByLabel(`amount, line ${ROWS + 2}`, { exact: true }).fill('12');
    await page.getByRole('button', { name: 'Send 10 changed rows' }).click();
    await page.getByText('= 10 added + 9,990 left').waitFor();
    await assertAccessible(page, 'corrected rows');
    const rows = await call(`${site.thena.url}/api/v1/customers/many/table/rows?offset=2&limit=20`);
    assert.deepEqual(
      rows.body.rows.map(([, amount, note]: [string, number, string]) => [amount, note]),
      [
        ...[3, 4, 5, 6, 7, 8, 9, 10, 11].map((line) => [line, `says "no"; ${line - 3}`]),
        [12, `says "no"; ${ROWS - 1}`],
      ],
    );
    const original = await call(`${site.thena.url}/api/v1/uploads/${body.id}`);
    assert.notEqual(original.body.corrected_by, null);
  });

  test('keep the line breaks of their fields', async () => {
    await upload(site.thena.url, 'lines', 'note,amount\nx,1\n');
    const { body } = await put(site.thena.url, 'lines', 'note,amount\n"two\nlines",b\ny,2\n', WAIT, '?on_error=skip');
    const page = await site.visitor.open(`/c/lines/uploads/${body.id}/rejected`);
    await page.getByLabel('amount, line 2').fill('3');
    const note = page.getByLabel('note, line 2');
    await note.fill(`${await note.inputValue()}!`);
    await page.getByRole('button', { name: 'Send 1 changed row' }).click();
    await page.getByText('= 1 added + 0 left').waitFor();
    const rows = await call(`${site.thena.url}/api/v1/customers/lines/table/rows?offset=2`);
    assert.deepEqual(rows.body.rows, [['two\nlines!', 3]]);
  });

  test('of a file that was refused are corrected after its other rows are loaded', async () => {
    await upload(site.thena.url, 'refused', 'day,amount\n2024-03-01,1\n');
    const { body } = await put(site.thena.url, 'refused', 'day,amount\n2024-03-02,2\n2024-03-03\n', WAIT);
    assert.equal(body.error.code, 'rows_rejected');
    const page = await site.visitor.open(`/c/refused/uploads/${body.id}/rejected`);
    await page.getByText('Nothing of this file was loaded').waitFor();
    await assertAccessible(page, 'rejected rows of a refused file');
    await page.getByRole('button', { name: 'Load the rows that fit' }).click();
    await page.getByText('has 1 field instead of 2').waitFor();
    const whole = page.getByLabel('Whole row, line 3');
    await whole.and(page.locator(':not([readonly])')).fill('2024-03-03,3');
    await page.getByRole('button', { name: 'Send 1 changed row' }).click();
    await page.getByText('= 1 added + 0 left').waitFor();
    assert.equal(await totalRows(site.thena.url, 'refused'), 3);
  });
});
