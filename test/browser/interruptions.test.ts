import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startThenaProcess, type ThenaProcess } from '../../harness/thena-process.ts';
import { freePort } from '../free-port.ts';
import { totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import { browserOrReason, chooseAndUpload } from './browser-page.ts';

const { browser, skip } = await browserOrReason();

const ROWS = 400_000;

describe('uploading while server and network fail', { skip }, () => {
  let folder: string;
  let thena: ThenaProcess;
  let environment: Readonly<Record<string, string>>;
  const start = (): Promise<ThenaProcess> => startThenaProcess(join(folder, 'data'), [], environment);
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'thena-page-'));
    // The server is started twice at the same address, which the page knows.
    environment = { THENA_PORT: String(await freePort()) };
    thena = await start();
  });
  after(async () => {
    await browser.close();
    await thena.end('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  test('goes on after the server was killed and started again, and after the network was gone', async () => {
    const file = join(folder, 'large.csv');
    const row = '2024-03-01 10:00:00,12345.67,some text that fills the line\n';
    await writeFile(file, `time,amount,note\n${row.repeat(ROWS)}`);
    const context = await browser.newContext({ baseURL: thena.url });
    const page = await context.newPage();
    const offsets: number[] = [];
    page.on('request', (request) => {
      if (request.method() === 'PATCH') offsets.push(Number(request.headers()['upload-offset']));
    });
    await page.goto('/c/steady/uploads');
    const network = await context.newCDPSession(page);
    await network.send('Network.enable');
    const emulate = ({ offline }: { readonly offline: boolean }) =>
      network.send('Network.emulateNetworkConditions', {
        offline,
        latency: 0,
        downloadThroughput: -1,
        // Slow enough to be interrupted twice.
        uploadThroughput: offline ? -1 : 3_000_000,
      });
    await emulate({ offline: false });
    await chooseAndUpload(page, file);
    await until(() => offsets.some((offset) => offset > 0));
    await thena.end('SIGKILL');
    await page.getByText('Connection interrupted, trying again').waitFor();
    thena = await start();
    const before = offsets.length;
    await page.getByText('Step 1 of 2: sending').waitFor();
    await until(() => offsets.length > before + 1);
    assert(
      offsets.slice(before).every((offset) => offset > 0),
      `it started over: ${offsets}`,
    );
    await emulate({ offline: true });
    await page.getByText('Connection interrupted, trying again').waitFor();
    await emulate({ offline: false });
    await page.getByRole('row', { name: /^large\.csv .*Complete/ }).waitFor({ timeout: 90_000 });
    assert.equal(await totalRows(thena.url, 'steady'), ROWS);
    await context.close();
  });

  test('shows screens that were not open before while the network is gone', async () => {
    await upload(thena.url, 'offline', 'a\n1\n');
    const context = await browser.newContext({ baseURL: thena.url });
    const page = await context.newPage();
    const isSettings = (url: string): boolean => /\/assets\/settings-.*\.js$/.test(url);
    await context.route(
      ({ pathname }) => isSettings(pathname),
      (route) => route.abort(),
    );
    const lastScreen = page.waitForEvent('requestfailed', (request) => isSettings(request.url()));
    await page.goto('/c/offline');
    await lastScreen;
    await page.getByText('Latest uploads').waitFor();
    await context.setOffline(true);
    await page.getByRole('link', { name: 'Table', exact: true }).click();
    await page.getByRole('heading', { name: 'Table' }).waitFor();
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await page.getByRole('heading', { name: 'This screen cannot be shown' }).waitFor();
    await context.setOffline(false);
    await context.unrouteAll();
    await page.getByRole('link', { name: 'Table', exact: true }).click();
    await page.getByRole('heading', { name: 'Table' }).waitFor();
    await page.getByRole('link', { name: 'Settings', exact: true }).click();
    await page.getByRole('button', { name: 'Reload the page' }).click();
    await page.getByRole('heading', { name: 'Settings' }).waitFor();
    await context.close();
  });
});
