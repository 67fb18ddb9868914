import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { call, totalRows, upload } from '../server.ts';
import { until } from '../until.ts';
import {
  assertAccessible,
  assertFitsPhone,
  assertFitsZoom,
  browserOrReason,
  chooseAndUpload,
  siteOf,
  visit,
} from './browser-page.ts';

const { browser, skip } = await browserOrReason();

describe('the preview of a file in the page', { skip }, () => {
  const site = siteOf(browser);

  const choose = async (customer: string, name: string, content: Buffer | string) => {
    const page = await site.visitor.open(`/c/${customer}/uploads`);
    const buffer = Buffer.from(content);
    await page.setInputFiles('[aria-label="CSV files"]', { name, mimeType: 'text/csv', buffer });
    return page;
  };

  test('asks what is ambiguous in a headerless Latin-1 file before anything is stored', async () => {
    const text = '01/02/2024;Müller;12,50\n03/04/2024;Jäger;7,25\n05/06/2024;Groß;1.250,00\n';
    const page = await choose('asked', 'latin.csv', Buffer.from(text, 'latin1'));
    await page.getByText('What comes first in its dates?').waitFor();
    await page.getByText('separated by semicolons · without a header').waitFor();
    await page.getByRole('cell', { name: 'Müller' }).waitFor();
    await page.getByRole('cell', { name: '01/02/2024 → ?' }).waitFor();
    assert(await page.getByRole('button', { name: 'Upload latin.csv' }).isDisabled());
    await assertAccessible(page, 'question');
    await assertFitsPhone(page, 'question');
    await assertFitsZoom(page, 'question');
    await page.getByRole('button', { name: 'The month first' }).click();
    await page.getByRole('columnheader', { name: 'month first' }).waitFor();
    await page.getByRole('cell', { name: '01/02/2024 → 2024-01-02' }).waitFor();
    // The user changes their mind.
    await page.getByText('Change how the file is read').click();
    await page.getByLabel('Dates').selectOption('Day, month, year');
    await page.getByRole('cell', { name: '01/02/2024 → 2024-02-01' }).waitFor();
    await page.getByRole('cell', { name: '1.250,00 → 1250' }).waitFor();
    assert.equal((await call(`${site.thena.url}/api/v1/customers/asked`)).status, 404, 'something was stored');
    await page.getByRole('button', { name: 'Upload latin.csv' }).click();
    await page.getByRole('row', { name: /^latin\.csv .*Complete/ }).waitFor();
    const rows = await call(`${site.thena.url}/api/v1/customers/asked/table/rows`);
    assert.deepEqual(rows.body.rows, [
      ['2024-02-01', 'Müller', 12.5],
      ['2024-04-03', 'Jäger', 7.25],
      ['2024-06-05', 'Groß', 1250],
    ]);
  });

  test('holds only the file with a question when several are uploaded', async () => {
    const page = await site.visitor.open('/c/several/uploads');
    await page.setInputFiles(
      '[aria-label="CSV files"]',
      [
        ['clear-1.csv', '2024-03-01,1'],
        ['asks.csv', '01/02/2024,2'],
        ['clear-2.csv', '2024-03-02,3'],
      ].map(([name = '', row]) => ({ name, mimeType: 'text/csv', buffer: Buffer.from(`day,amount\n${row}\n`) })),
    );
    await page.getByRole('button', { name: 'Upload 2 ready files' }).click();
    await until(async () => (await totalRows(site.thena.url, 'several')) === 2);
    await page.getByRole('button', { name: 'The day first' }).click();
    await page.getByRole('button', { name: 'Upload asks.csv' }).click();
    await until(async () => (await totalRows(site.thena.url, 'several')) === 3);
  });

  test('warns of a file that was uploaded before, and names the earlier upload', async () => {
    const csv = 'time,amount\n2024-03-01,1\n';
    const page = await site.visitor.open('/c/twice/uploads');
    const file = { name: 'march.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
    await chooseAndUpload(page, file);
    await page.getByRole('row', { name: /^march\.csv .*Complete/ }).waitFor();
    await page.setInputFiles('[aria-label="CSV files"]', { ...file, name: 'copy of march.csv' });
    await page.getByText('The same file was uploaded before: march.csv').waitFor();
    await page.getByRole('button', { name: 'Remove copy of march.csv' }).click();
    assert.equal(await totalRows(site.thena.url, 'twice'), 1);
  });

  test('warns of a large file whose name and size are those of an earlier upload', async () => {
    const csv = `time,amount\n${'2024-03-01,1\n'.repeat(100_000)}`;
    const page = await site.visitor.open('/c/large/uploads');
    const file = { name: 'large.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) };
    await chooseAndUpload(page, file);
    await page.getByRole('row', { name: /^large\.csv .*Complete/ }).waitFor();
    await page.setInputFiles('[aria-label="CSV files"]', file);
    await page.getByText('A file of this name and size was uploaded before: large.csv').waitFor();
  });

  test('is made again when another file has created the table', async () => {
    const page = await site.visitor.open('/c/fresh/uploads');
    await page.setInputFiles(
      '[aria-label="CSV files"]',
      ['day,amount\n2024-03-01,1\n', 'other,names\n1,2\n'].map((csv, index) => ({
        name: `file-${index}.csv`,
        mimeType: 'text/csv',
        buffer: Buffer.from(csv),
      })),
    );
    await page.getByText('2 can be uploaded.').waitFor();
    await page.getByRole('button', { name: 'Upload file-0.csv' }).click();
    await page.getByText('The columns differ from those of the table. Missing: day, amount.').waitFor();
  });

  test('shows values that do not fit, and loads the other rows if asked to', async () => {
    await upload(site.thena.url, 'unfit', 'time,amount\n2024-03-01,1\n');
    const page = await choose('unfit', 'unfit.csv', 'time,amount\n2024-03-02,cheap\n2024-03-03,3\n');
    await page.getByText("line 2, column 'amount': “cheap” is not a whole number").waitFor();
    await page.getByRole('button', { name: 'Load the other rows' }).click();
    await page.getByText('They will be left out').waitFor();
    await page.getByRole('button', { name: 'Upload unfit.csv' }).click();
    await page.getByRole('row', { name: /^unfit\.csv .*With rejected rows/ }).waitFor();
    assert.equal(await totalRows(site.thena.url, 'unfit'), 2);
  });

  test('offers the time zone of the browser for times without an offset', async () => {
    const traveller = await visit(browser, site.thena.url, { timezoneId: 'Asia/Tokyo' });
    const page = await traveller.open('/c/zoned/uploads');
    const buffer = Buffer.from('at,amount\n2024-03-01 09:00:00,1\n');
    await page.setInputFiles('[aria-label="CSV files"]', { name: 'zoned.csv', mimeType: 'text/csv', buffer });
    await page.getByRole('button', { name: 'Asia/Tokyo' }).click();
    await page.getByRole('cell', { name: '2024-03-01T00:00:00Z' }).waitFor();
    await traveller.close();
  });

  test('says that a file is not CSV', async () => {
    const page = await choose('wrong', 'picture.png', Buffer.from([137, 80, 78, 71, 0, 1, 2, 3, 0, 0]));
    await page.getByText('Cannot be uploaded').waitFor();
    await page.getByRole('alert').waitFor();
    await assertAccessible(page, 'refused preview');
    await page.getByRole('button', { name: 'Remove picture.png' }).click();
    await page.getByRole('region', { name: 'Chosen files' }).waitFor({ state: 'detached' });
  });
});
