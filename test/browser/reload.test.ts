import assert from 'node:assert/strict';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytes } from '../../ui/design/figures.ts';
import { call, totalRows } from '../server.ts';
import {
  assertAccessible,
  assertFitsPhone,
  assertFitsZoom,
  browserOrReason,
  chooseAndUpload,
  siteOf,
  type Visit,
  visit,
} from './browser-page.ts';
import { type CountingProxy, startCountingProxy } from './counting-proxy.ts';

const { browser, skip } = await browserOrReason();

const HEADER = 'time,amount,note\n';
const ROW = `2024-03-01 10:00:00,12345.67,${'a note that fills the line '.repeat(9)}\n`;
const ROWS = Math.ceil(500e6 / ROW.length);
const SIZE = HEADER.length + ROWS * ROW.length;
/** Of requests that carry no bytes of the file, such as those for the page. */
const OVERHEAD = 1e6;

describe('a reload while a file of 500 MB is sent', { skip }, () => {
  const site = siteOf(browser);
  let proxy: CountingProxy;
  let visitor: Visit;
  before(async () => {
    proxy = await startCountingProxy(site.thena.url);
    visitor = await visit(browser, proxy.url);
  });
  after(async () => {
    await visitor.close().finally(() => proxy.close());
  });

  test('at 40 %: a card names file and offset, and the file chosen again is continued there', async () => {
    const file = join(site.thena.dataDir, 'large.csv');
    await writeLargeFile(file);
    const page = await visitor.open('/c/reloaded/uploads');
    const atLimit = proxy.loseAfter(0.4 * SIZE);
    const firstBytes = page.waitForRequest((request) => request.method() === 'PATCH');
    await chooseAndUpload(page, file);
    const id = (await firstBytes).url().split('/').at(-1);
    await atLimit;
    const received = await receivedInTheEnd(`${site.thena.url}/api/v1/uploads/${id}`);
    await page.reload();
    await page.getByText('Choose the file again to continue there.').waitFor();
    assert(received > 0.35 * SIZE && received < 0.4 * SIZE, `${received} of ${SIZE} bytes arrived`);
    await page.getByText(`Interrupted · ${bytes(received)} of ${bytes(SIZE)} are on the server.`).waitFor();
    await page.getByText('large.csv', { exact: true }).first().waitFor();
    await assertAccessible(page, 'interrupted file');
    await assertFitsPhone(page, 'interrupted file');
    await assertFitsZoom(page, 'interrupted file');

    const another = { name: 'large.csv', mimeType: 'text/csv', buffer: Buffer.from(HEADER) };
    await page.setInputFiles('[aria-label="large.csv again"]', another);
    await page.getByText('large.csv is another file, or has changed since.').waitFor();

    const sentBefore = proxy.sent;
    await page.setInputFiles('[aria-label="large.csv again"]', file);
    await page.getByRole('row', { name: /^large\.csv .*Complete/ }).waitFor({ timeout: 120_000 });
    const sentAgain = proxy.sent - sentBefore - (SIZE - received);
    assert(sentAgain < OVERHEAD, `${sentAgain} bytes that the server had were sent again`);
    assert.equal(await totalRows(site.thena.url, 'reloaded'), ROWS);
    const { body } = await call(`${site.thena.url}/api/v1/customers/reloaded/uploads`);
    assert.deepEqual(
      body.items.map((upload: { readonly id: string }) => upload.id),
      [id],
    );
  });
});

/** What arrived before the connection was lost is stored a moment later. */
async function receivedInTheEnd(upload: string): Promise<number> {
  for (let before = -1; ; await sleep(1000)) {
    const { body } = await call(upload);
    if (body.progress.bytes_received === before) return before;
    before = body.progress.bytes_received;
  }
}

async function writeLargeFile(path: string): Promise<void> {
  const rowsAtOnce = 10_000;
  const block = ROW.repeat(rowsAtOnce);
  await using file = await open(path, 'w');
  await file.write(HEADER);
  for (let left = ROWS; left > 0; left -= rowsAtOnce) {
    await file.write(left < rowsAtOnce ? ROW.repeat(left) : block);
  }
}
