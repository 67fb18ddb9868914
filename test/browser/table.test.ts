import assert from 'node:assert/strict';
import { openAsBlob } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { call, upload, WAIT } from '../server.ts';
import { until } from '../until.ts';
import {
  assertAccessible,
  assertFitsPhone,
  assertFitsZoom,
  browserOrReason,
  siteOf,
  type Visit,
} from './browser-page.ts';

const { browser, skip } = await browserOrReason();

/** Forty times as many as browsers can show at the height of a row. */
const ROWS = 10_000_000;
const COUNTRIES = ['DE', 'FR', 'GB', 'US'];
/** Bytes of memory that the page may use, whatever the size of the table. */
const MOST_HEAP = 20e6;
/** Bytes by which that differs from moment to moment. */
const HEAP_TOLERANCE = 2e6;
const PAGE_ROWS = 100;

/** A file with {@link ROWS} rows. */
function* largeFile(): Generator<Uint8Array> {
  const rowsAtOnce = 20_000;
  yield Buffer.from('day,event_id,country\n');
  for (let row = 0; row < ROWS; row += rowsAtOnce) {
    const day = new Date(Date.UTC(2024, 0, 1) + (row / rowsAtOnce) * 86_400_000).toISOString().slice(0, 10);
    let text = '';
    for (let id = row + 1; id <= row + rowsAtOnce; id++) text += `${day},${id},${COUNTRIES[id % COUNTRIES.length]}\n`;
    yield Buffer.from(text);
  }
}

const rowNumbered = (page: Page, number: string) =>
  page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: number, exact: true }) });

async function openTable(visitor: Visit, path: string): Promise<Page> {
  const page = await visitor.open(path);
  await page.getByRole('grid').waitFor();
  return page;
}

async function heapOf(page: Page): Promise<number> {
  const tools = await page.context().newCDPSession(page);
  await tools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await tools.send('Runtime.getHeapUsage');
  await tools.detach();
  return usedSize;
}

describe('the table in the page', { skip }, () => {
  const site = siteOf(browser, {}, { permissions: ['clipboard-read', 'clipboard-write'] });
  before(async () => {
    const file = join(site.thena.dataDir, 'large.csv');
    await writeFile(file, largeFile());
    const { body } = await call(`${site.thena.url}/api/v1/customers/large/uploads`, {
      method: 'PUT',
      body: await openAsBlob(file),
      headers: WAIT,
    });
    assert.equal(body.receipt?.appended, ROWS, JSON.stringify(body));
  });

  /** Rows of a large file may be in another order than its lines. */
  async function idOfRow(number: number): Promise<string> {
    const { body } = await call(`${site.thena.url}/api/v1/customers/large/table/rows?limit=1&offset=${number - 1}`);
    return String(body.rows[0][1]);
  }

  test('shows the last row at End, with few rows in the document', async () => {
    const page = await openTable(site.visitor, '/c/large/table');
    const grid = page.getByRole('grid');
    assert.equal(await grid.getAttribute('aria-rowcount'), String(ROWS + 1));
    await grid.focus();
    await page.keyboard.press('End');
    const last = rowNumbered(page, '10,000,000');
    await last.getByText(await idOfRow(ROWS)).waitFor();
    assert.equal(await last.getAttribute('aria-rowindex'), String(ROWS + 1));
    const box = await last.boundingBox();
    const frame = await grid.boundingBox();
    assert(box && frame && box.y + box.height <= frame.y + frame.height, 'the last row is cut off');
    await page.keyboard.press('PageUp');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowRight');
    const active = page.locator(`[id="${await grid.getAttribute('aria-activedescendant')}"]`);
    const row = Number((await active.getAttribute('id'))?.split('-').at(-2)) + 1;
    assert(row > ROWS - 100 && row < ROWS - 2, `at row ${row}`);
    assert.equal(await active.innerText(), await idOfRow(row));
    assert((await page.getByRole('row').count()) < 80);
    const heap = await heapOf(page);
    assert(heap < MOST_HEAP, `${heap} bytes are in use`);
    await page.keyboard.press('Home');
    await rowNumbered(page, '1')
      .getByText(await idOfRow(1), { exact: true })
      .last()
      .waitFor();
  });

  test('scrolls by small steps and by far jumps, and does not wait for what was scrolled past', async () => {
    const page = await openTable(site.visitor, '/c/large/table');
    const grid = page.getByRole('grid');
    await rowNumbered(page, '1')
      .getByText(await idOfRow(1), { exact: true })
      .last()
      .waitFor();
    await grid.hover();
    for (let step = 0; step < 5; step++) await page.mouse.wheel(0, 340);
    // 5 x 340 pixels are 50 rows.
    await until(async () => {
      const [row, head] = [
        await rowNumbered(page, '51').boundingBox(),
        await page.getByRole('columnheader').first().boundingBox(),
      ];
      return row !== null && head !== null && Math.abs(row.y - head.y - head.height) < 2;
    });

    // None of the rows that the distributions of columns are made from, which are awaited.
    const isPassed = (url: string): boolean => /rows\?.*offset=2(59|60)\d{4}$/.test(url);
    const unanswered: string[] = [];
    const aborted: string[] = [];
    await page.route('**/table/rows?*', async (route) => {
      const url = route.request().url();
      if (isPassed(url)) unanswered.push(url);
      else await route.continue();
    });
    page.on('requestfailed', (request) => aborted.push(request.url()));
    const dragTo = (share: number) =>
      grid.evaluate((element, at) => {
        element.scrollTop = (element.scrollHeight - element.clientHeight) * at;
      }, share);
    await dragTo(0.26);
    await until(() => unanswered.length > 0);
    assert((await page.locator('[aria-busy=true]').count()) > 0, 'nothing says that rows are loaded');
    await dragTo(0.5);
    const middle = page.getByRole('row').nth(12);
    await until(async () => /^(4,999|5,000),\d{3}\s+2024/.test(await middle.innerText()));
    await until(() => unanswered.every((url) => aborted.includes(url)));
    await dragTo(1);
    await rowNumbered(page, '10,000,000')
      .getByText(await idOfRow(ROWS))
      .waitFor();
  });

  test('takes no more memory the more of it was seen, also if its texts are long', async () => {
    const rows = 10_000;
    const note = 'word '.repeat(1_000);
    const csv = Array.from({ length: rows }, (_, index) => `${index + 1},${note}\n`).join('');
    await upload(site.thena.url, 'long', `number,note\n${csv}`);
    const page = await openTable(site.visitor, '/c/long/table');
    const grid = page.getByRole('grid');
    async function scrollThrough(from: number, to: number): Promise<number> {
      for (let row = from; row <= to; row += PAGE_ROWS) {
        const arrived = page.waitForResponse((response) => response.url().endsWith(`limit=100&offset=${row}`));
        await grid.evaluate((element, share) => {
          element.scrollTop = element.scrollHeight * share;
        }, row / rows);
        await (await arrived).finished();
      }
      return heapOf(page);
    }
    const before = await scrollThrough(PAGE_ROWS, 4_500);
    const after = await scrollThrough(4_600, rows - PAGE_ROWS);
    assert(before < MOST_HEAP, `${before} bytes are in use`);
    assert(after < before + HEAP_TOLERANCE, `${before} bytes, then ${after}`);
  });

  test('goes to a row, and to the same one after a reload', async () => {
    const page = await openTable(site.visitor, '/c/large/table');
    await page.getByLabel('Go to row').fill('10000001');
    await page.keyboard.press('Enter');
    await page.getByText('Enter a number from 1 to 10,000,000.').waitFor();
    await page.getByLabel('Go to row').fill('7,123,456');
    await page.keyboard.press('Enter');
    await rowNumbered(page, '7,123,456')
      .getByText(await idOfRow(7_123_456))
      .waitFor();
    await page.reload();
    await rowNumbered(page, '7,123,456')
      .getByText(await idOfRow(7_123_456))
      .waitFor();
  });

  test('shows values exactly, null unlike empty text, and markup as text', async () => {
    const long = 'word '.repeat(2_000);
    const csv = `id,label,at\n9007199254740993,<script>alert(1)</script>,2024-01-01\n9223372036854775807,"",2024-01-02\n,=cmd|calc,\n1,${long},2024-01-03\n`;
    await upload(site.thena.url, 'odd', csv);
    const page = await openTable(site.visitor, '/c/odd/table');
    await page.getByRole('gridcell', { name: '9007199254740993' }).waitFor();
    await page.getByRole('gridcell', { name: '9223372036854775807' }).waitFor();
    await page.getByRole('gridcell', { name: '<script>alert(1)</script>' }).waitFor();
    await page.getByRole('gridcell', { name: '=cmd|calc' }).waitFor();
    assert.equal(await rowNumbered(page, '2').getByText('empty text').count(), 1);
    assert.equal(await rowNumbered(page, '3').getByText('null', { exact: true }).count(), 2);
    assert.equal(await page.locator('main script').count(), 0);
    await page.getByRole('columnheader', { name: 'id' }).getByText('1 – 9,223,372,036,854,775,807').waitFor();
    await page.getByRole('columnheader', { name: 'id' }).getByText('1 null · 25 %').waitFor();
    await page.getByRole('columnheader', { name: 'at' }).getByText('time column').waitFor();

    await page.getByRole('grid').focus();
    for (const key of ['End', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    await page.getByRole('dialog').getByText('10,000 characters').waitFor();
    await assertAccessible(page, 'whole value');
    await assertFitsPhone(page, 'whole value');
    await page.getByRole('button', { name: 'Copy the value' }).click();
    await page.getByText('Copied').waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), long);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    for (const key of ['Home', 'ArrowLeft', 'ControlOrMeta+c']) await page.keyboard.press(key);
    await until(async () => (await page.evaluate(() => navigator.clipboard.readText())) === '9007199254740993');
  });

  test('announces new rows without moving, and rows that an undo removed', async () => {
    const csv = (from: number, rows: number) =>
      `n\n${Array.from({ length: rows }, (_, index) => from + index).join('\n')}\n`;
    await upload(site.thena.url, 'live', csv(1, 500));
    const page = await openTable(site.visitor, '/c/live/table?row=200');
    await rowNumbered(page, '200').waitFor();
    const before = await rowNumbered(page, '200').boundingBox();
    const { body } = await upload(site.thena.url, 'live', csv(501, 70));
    await page.getByText('70 new rows').waitFor();
    assert.deepEqual(await rowNumbered(page, '200').boundingBox(), before);
    await assertAccessible(page, 'new rows');
    await page.getByRole('button', { name: 'Show' }).click();
    await rowNumbered(page, '501').getByText('501').last().waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('End');
    await rowNumbered(page, '570').waitFor();
    await fetch(`${site.thena.url}/api/v1/uploads/${body.id}`, { method: 'DELETE' });
    await page.getByText('70 rows removed by an undo').waitFor();
    await rowNumbered(page, '500').waitFor();
  });

  test('exports the table', async () => {
    await upload(site.thena.url, 'exported', 'a,b\n1,x\n2,\n');
    const page = await openTable(site.visitor, '/c/exported/table');
    await page.getByRole('button', { name: 'Export', exact: true }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'CSV' }).click(),
    ]);
    assert.equal(await readFile(await download.path(), 'utf8'), 'a,b\n1,x\n2,\n');
  });

  test('is accessible and fits a phone, and says so when there is no table', async () => {
    const page = await openTable(site.visitor, '/c/large/table');
    await page.getByRole('img', { name: /most frequent values of country/ }).waitFor();
    await page.getByRole('grid').focus();
    await page.keyboard.press('ArrowDown');
    await assertAccessible(page, 'table');
    await assertFitsPhone(page, 'table');
    await assertFitsZoom(page, 'table');
    const empty = await site.visitor.open('/c/nothing/table');
    await empty.getByText('No table yet').waitFor();
    await assertAccessible(empty, 'no table');
    await empty.getByRole('link', { name: 'Upload a file' }).click();
    await empty.getByRole('button', { name: 'Choose files' }).waitFor();
  });
});
