/**
 * Takes the pictures of docs/tour.md and README.md: starts Thena with the orders of a made-up shop, and uses the page like a visitor.
 *
 *   npm run build:tour [folder]
 */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { startBrowser } from '../harness/browser.ts';
import { startThenaProcess } from '../harness/thena-process.ts';

const IMAGES = fileURLToPath(new URL('../docs/images', import.meta.url));
const WINDOW = { width: 1200, height: 760 };
const MS_PER_DAY = 86_400_000;
const CITIES = ['Berlin', 'Paris', 'London', 'Madrid', 'Vienna'];
const ITEMS = ['notebook', 'pencil', 'lamp', 'chair', 'desk'];

/** The orders of a month: more on some days than on others, and always the same. */
function ordersOf(month: number): string {
  const lines = ['ordered_at,order,city,item,amount'];
  const days = new Date(Date.UTC(2024, month, 0)).getUTCDate();
  for (let day = 1; day <= days; day++) {
    const dayOfYear = Math.round((Date.UTC(2024, month - 1, day) - Date.UTC(2024, 0, 1)) / MS_PER_DAY);
    const orders = Math.round(90 + 40 * Math.sin(dayOfYear / 9) + 25 * Math.sin(dayOfYear * 2.1) + dayOfYear / 2);
    for (let order = 0; order < orders; order++) {
      const at = new Date(Date.UTC(2024, month - 1, day) + Math.floor((order * MS_PER_DAY) / orders));
      const pick = (dayOfYear * 31 + order * 17) % 1009;
      const amount = (4 + (pick % 7) * 12.5 + (pick % 100) / 100).toFixed(2);
      lines.push(
        `${at.toISOString().slice(0, 19).replace('T', ' ')},${dayOfYear * 1000 + order},${CITIES[pick % 5]},${ITEMS[(pick >> 3) % 5]},${amount}`,
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Uploads a file and waits for its rows. @returns the ID of the upload */
async function send(url: string, name: string, csv: string): Promise<string> {
  const query = new URLSearchParams({ filename: name, on_error: 'skip' });
  const headers = { 'content-type': 'text/csv', prefer: 'wait=60' };
  const response = await fetch(`${url}/api/v1/customers/shop/uploads?${query}`, { method: 'PUT', body: csv, headers });
  const { id, status } = (await response.json()) as { readonly id: string; readonly status: string };
  if (status !== 'complete') throw new Error(`${name} is ${status}`);
  return id;
}

async function takePictures(page: Page, url: string, folder: string): Promise<void> {
  const take = async (name: string): Promise<void> => {
    await page.mouse.move(0, 0);
    await page.evaluate('document.fonts.ready');
    await page.screenshot({ path: join(folder, `${name}.png`), animations: 'disabled', caret: 'hide' });
  };

  // A file from elsewhere: semicolons, no header, and days that could be months.
  await page.goto('/c/berlin');
  const text = '03/04/2024;Müller;notebook;12,50\n05/04/2024;Jäger;lamp;7,25\n08/04/2024;Groß;desk;1250,00\n';
  const latin = { name: 'berlin.csv', mimeType: 'text/csv', buffer: Buffer.from(text, 'latin1') };
  await page.setInputFiles('[aria-label="CSV files"]', latin);
  await page.getByText('What comes first in its dates?').waitFor();
  await page.getByRole('cell', { name: 'Müller' }).scrollIntoViewIfNeeded();
  await take('preview');

  for (const month of [1, 2, 3]) await send(url, `orders-0${month}.csv`, ordersOf(month));
  const [header, ...lines] = ordersOf(4).split('\n');
  const broken = lines.map((line, index) => ([40, 900, 901].includes(index) ? line.replace(/[\d.]+$/, 'cheap') : line));
  const incomplete = await send(url, 'orders-04.csv', [header, ...broken].join('\n'));

  await page.goto('/c/shop/uploads');
  await page.getByRole('img', { name: 'Rows of the table over time' }).waitFor();
  await take('uploads');

  await page.goto(`/c/shop/uploads/${incomplete}`);
  await page.getByRole('link', { name: 'Show and correct the rejected rows' }).click();
  await page.getByLabel('amount, line 42', { exact: true }).fill('17.50');
  await take('rejected');

  await page.goto('/c/shop/table');
  await page
    .getByRole('img', { name: /^Bars: / })
    .nth(4)
    .waitFor();
  await take('table');

  const query = {
    measures: [{ fn: 'sum', column: 'amount', as: 'turnover' }],
    group_by: [{ column: 'ordered_at', bucket: 'day', time_zone: 'Europe/Berlin' }],
    where: { column: 'city', op: 'in', value: ['Berlin', 'Vienna'] },
    order_by: ['ordered_at'],
  };
  await page.goto(`/c/shop/analyses?${new URLSearchParams({ q: JSON.stringify(query) })}`);
  const chart = page.getByRole('figure').locator('canvas');
  await chart.waitFor();
  await page.mouse.move(600, 400);
  await page.mouse.wheel(0, 325);
  // The Content-Security-Policy of the page forbids waitForFunction.
  while (((await chart.boundingBox())?.y ?? 0) > WINDOW.height - 200) await page.waitForTimeout(20);
  await take('analysis');
}

const folder = process.argv[2] ?? IMAGES;
const browser = await startBrowser();
if (typeof browser === 'string') throw new Error(browser);
const dataDir = await mkdtemp(join(tmpdir(), 'thena-tour-'));
const thena = await startThenaProcess(dataDir);
try {
  await mkdir(folder, { recursive: true });
  const context = await browser.newContext({
    baseURL: thena.url,
    viewport: WINDOW,
    colorScheme: 'light',
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  await takePictures(await context.newPage(), thena.url, folder);
} finally {
  await browser.close();
  await thena.end('SIGTERM');
  await rm(dataDir, { recursive: true, force: true });
}
