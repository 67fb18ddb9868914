import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import type { Query } from '../../src/api/queries.ts';
import { call, startThena, upload } from '../server.ts';
import { until } from '../until.ts';
import { assertAccessible, assertFitsPhone, assertFitsZoom, browserOrReason, siteOf, visit } from './browser-page.ts';

const { browser, skip } = await browserOrReason();

const SHOP = `at,kind,amount,units
2024-03-30T10:00:00Z,a,1.5,1
2024-03-31T00:30:00Z,b,2.5,2
2024-03-31T10:00:00Z,a,4,9007199254740993
2024-04-02T09:00:00Z,<script>alert(1)</script>,-8,4
2024-04-02T10:00:00Z,=cmd,16,
`;

const addressOf = (customer: string, query: Query): string =>
  `/c/${customer}/analyses?${new URLSearchParams({ q: JSON.stringify(query) })}`;

/** What the result of an analysis says, in words and in its table. */
async function shownResult(page: Page): Promise<string> {
  await page.getByText(/^From \d/).waitFor();
  return page.getByRole('region', { name: /Result|Rows over time|Top values|Total rows|Time/ }).innerText();
}

describe('analyses in the page', { skip }, () => {
  const site = siteOf(browser, {}, { permissions: ['clipboard-read', 'clipboard-write'] });
  before(async () => {
    await upload(site.thena.url, 'shop', SHOP);
  });

  /** Copies what the Share panel has under a name. */
  async function shared(page: Page, name: string): Promise<string> {
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('button', { name: `Copy: ${name}` }).click();
    await page.getByText('Copied').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    return page.evaluate(() => navigator.clipboard.readText());
  }

  test('answers each type with one click, in words', async () => {
    const page = await site.visitor.open('/c/shop/analyses');
    await page.getByRole('link', { name: /^Time difference/ }).click();
    await page.getByText('3 days passed from the first row to the row with the latest time.').waitFor();
    await page.getByText('259,200').waitFor();
    await page.getByRole('link', { name: /^Total rows/ }).click();
    await page.getByText('The table has 5 rows.').waitFor();
    await page.getByRole('link', { name: /^Time span/ }).click();
    await page.getByText('lie between the earliest and the latest time').waitFor();
    await page.getByRole('link', { name: /^Rows over time/ }).click();
    await page.getByRole('figure', { name: 'Chart: rows by at' }).locator('canvas').waitFor();
    await page.getByRole('link', { name: /^Top values/ }).click();
    await page.getByRole('figure', { name: 'Bars: rows by kind' }).locator('svg').waitFor();
    await page.getByRole('link', { name: /^Profile/ }).click();
    await page.getByRole('row', { name: /^units integer 1 4 1 9,007,199,254,740,993/ }).waitFor();
    await page.goBack();
    await page.getByRole('figure', { name: 'Bars: rows by kind' }).waitFor();
    assert.equal(new URL(page.url()).search, '?type=top_values&column=kind');
  });

  test('edits conditions within conditions', async () => {
    const other = { column: 'kind', op: '!=', value: 'none' } as const;
    const page = await site.visitor.open(
      addressOf('shop', { measures: [{ fn: 'count' }], group_by: ['kind'], where: other }),
    );
    const where = page.getByRole('group', { name: 'Where' });
    const part = (name: string) => page.getByRole('dialog').getByRole('group', { name, exact: true });
    await where.getByRole('button', { name: 'Add condition' }).click();
    await page.getByLabel('Column', { exact: true }).selectOption('amount');
    await page.getByLabel('Condition', { exact: true }).selectOption('is at least');
    await page.getByLabel('Value', { exact: true }).fill('2');
    await page.getByRole('button', { name: 'Or another condition' }).click();
    await part('Condition 2').getByLabel('Column').selectOption('kind');
    await part('Condition 2').getByLabel('Value').fill('x');
    await page.getByRole('button', { name: 'Add condition here' }).click();
    await part('Condition 3').getByLabel('Column').selectOption('units');
    await part('Condition 3').getByLabel('Condition', { exact: true }).selectOption('has no value');
    await assertAccessible(page, 'conditions within a condition');
    await assertFitsPhone(page, 'conditions within a condition');
    await page.getByRole('button', { name: 'Remove: kind is x' }).click();
    assert.equal(await part('Condition 1').getByLabel('Value').inputValue(), '2');
    await part('Condition 1').getByRole('button', { name: 'And another condition' }).click();
    await part('Condition 1').getByLabel('Column').nth(1).selectOption('amount');
    await part('Condition 1').getByLabel('Condition', { exact: true }).nth(1).selectOption('is at most');
    await part('Condition 1').getByLabel('Value').nth(1).fill('4');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await where
      .getByRole('button', { name: '(amount is at least 2 and amount is at most 4) or units has no value' })
      .click();
    await page.getByRole('dialog').getByLabel('Combination').first().selectOption('none of them');
    await page.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('row', { name: 'a 1', exact: true }).waitFor();
    await page.getByRole('row', { name: '<script>alert(1)</script> 1' }).waitFor();
    assert.equal(await page.getByRole('row').count(), 3);
    assert.deepEqual(JSON.parse(new URL(page.url()).searchParams.get('q') ?? '').where, {
      and: [
        other,
        {
          not: {
            or: [
              {
                and: [
                  { column: 'amount', op: '>=', value: 2 },
                  { column: 'amount', op: '<=', value: 4 },
                ],
              },
              { column: 'units', op: 'is null' },
            ],
          },
        },
      ],
    });
  });

  test('builds a query of chips by keyboard and runs it; its address shows the same to others', async () => {
    const page = await site.visitor.open('/c/shop/analyses');
    await page.getByRole('link', { name: /^Your own query/ }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'number of rows' }).waitFor();
    await page.getByRole('button', { name: 'Add measure' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('Measure', { exact: true }).selectOption('Sum');
    await page.getByLabel('Column', { exact: true }).selectOption('units');
    await page.getByRole('button', { name: 'Add', exact: true }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'sum of units' }).waitFor();

    const where = page.getByRole('group', { name: 'Where' });
    await where.getByRole('button', { name: 'Add condition' }).click();
    await page.getByLabel('Column', { exact: true }).selectOption('amount');
    await page.getByLabel('Condition', { exact: true }).selectOption('is at least');
    await page.getByLabel('Value', { exact: true }).fill('2.5');
    await assertAccessible(page, 'condition');
    await assertFitsPhone(page, 'condition');
    await page.keyboard.press('Enter');
    await where.getByRole('button', { name: 'amount is at least 2.5' }).waitFor();
    await where.getByRole('button', { name: 'Add condition' }).click();
    await page.getByLabel('Column', { exact: true }).selectOption('kind');
    await page.getByLabel('Condition', { exact: true }).selectOption('is one of');
    await page.getByLabel('Values, one per line').fill('a\n=cmd');
    await page.getByRole('button', { name: 'Add', exact: true }).click();
    await where.getByLabel('Combination').selectOption('any of them');
    await page.getByText('Changed since it was last run.').waitFor();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('row', { name: 'a 2 9,007,199,254,740,994' }).waitFor();
    await page.getByRole('row', { name: '=cmd 1 null' }).waitFor();

    const query = JSON.parse(new URL(page.url()).searchParams.get('q') ?? '');
    assert.deepEqual(query, {
      measures: [{ fn: 'count' }, { fn: 'sum', column: 'units' }],
      group_by: ['kind'],
      order_by: [{ column: 'count', direction: 'desc' }],
      limit: 100,
      where: {
        or: [
          { column: 'amount', op: '>=', value: 2.5 },
          { column: 'kind', op: 'in', value: ['a', '=cmd'] },
        ],
      },
    });
    const result = await shownResult(page);
    const stranger = await visit(browser, site.thena.url);
    const theirs = await stranger.open(await shared(page, 'This page'));
    assert.equal(await shownResult(theirs), result);
    await theirs.getByRole('button', { name: 'amount is at least 2.5' }).waitFor();
    await stranger.close();

    await page.getByRole('button', { name: 'sum of units' }).click();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByRole('button', { name: 'Run' }).click();
    await page.getByRole('row', { name: 'a 2', exact: true }).waitFor();
    await page.goBack();
    await page.getByRole('button', { name: 'sum of units' }).waitFor();
    assert.equal(await shownResult(page), result);
    await page.reload();
    assert.equal(await shownResult(page), result);
  });

  test('gives links and a command that return the same', async () => {
    const query: Query = {
      measures: [{ fn: 'sum', column: 'units' }],
      group_by: ['kind'],
      where: { column: 'kind', op: '!=', value: "it's" },
    };
    const page = await site.visitor.open(addressOf('shop', query));
    await shownResult(page);
    const { body } = await call(`${site.thena.url}/api/v1/analyze/`, { json: { customer_id: 'shop', query } });
    const { stdout } = await promisify(execFile)('sh', ['-c', `${await shared(page, 'curl')} --silent`]);
    assert.deepEqual(JSON.parse(stdout), body);
    assert.deepEqual((await call(await shared(page, 'JSON'))).body, body);
    const csv = 'kind,sum_units\n<script>alert(1)</script>,4\n=cmd,\na,9007199254740994\nb,2\n';
    assert.equal((await call(await shared(page, 'CSV'))).body, csv);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'CSV' }).click(),
    ]);
    assert.equal(await readFile(await download.path(), 'utf8'), csv);
    const [picture] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'PNG' }).click(),
    ]);
    const { data, width, height } = PNG.sync.read(await readFile(await picture.path()));
    const colours = new Set<number>();
    for (let at = 0; at < data.length; at += 4) colours.add(data.readUInt32BE(at));
    assert(width > 600 && height > 100 && colours.size > 20, `${width} x ${height}, ${colours.size} colours`);

    await page.goto('/c/shop/analyses?type=top_values&column=kind');
    await shownResult(page);
    assert.match((await call(await shared(page, 'CSV'))).body, /^kind,rows\na,2\n/);
  });

  test('reads percent signs of patterns as they are', async () => {
    const query: Query = { measures: [{ fn: 'count' }], where: { column: 'kind', op: 'like', value: '%cmd%41%' } };
    const page = await site.visitor.open(addressOf('shop', query));
    await page.getByRole('button', { name: 'kind matches %cmd%41%' }).waitFor();
    assert.match(await shared(page, 'curl'), /"%cmd%41%"/);
  });

  test('shows cells that look like markup or formulas as text', async () => {
    const page = await site.visitor.open('/c/shop/analyses?type=top_values&column=kind');
    await page.getByRole('rowheader', { name: '<script>alert(1)</script>' }).waitFor();
    await page.getByRole('rowheader', { name: '=cmd' }).waitFor();
    assert.equal(await page.locator('main script').count(), 0);
  });

  test("shows Berlin's clock change in the chart and in the table", async () => {
    const times = Array.from({ length: 24 }, (_, hour) => new Date(Date.UTC(2024, 9, 26, 20 + hour)).toISOString());
    await upload(
      site.thena.url,
      'berlin',
      `at,n\n${times.map((time, index) => `${time},${100 + index}`).join('\n')}\n`,
    );
    const query: Query = {
      measures: [{ fn: 'sum', column: 'n' }],
      group_by: [{ column: 'at', bucket: 'hour', time_zone: 'Europe/Berlin' }],
    };
    const page = await site.visitor.open(addressOf('berlin', query));
    await page.getByRole('row', { name: 'Oct 27, 2024, 2:00 AM UTC+2 104' }).waitFor();
    await page.getByRole('row', { name: 'Oct 27, 2024, 2:00 AM UTC+1 105' }).waitFor();
    // 24 bars of equal width: the two at 2 o'clock are the fifth and the sixth.
    const figure = page.getByRole('figure');
    const plot = figure.locator('.u-over');
    const { width, height } = (await plot.boundingBox()) ?? { width: 0, height: 0 };
    const legendAt = async (bar: number): Promise<string> => {
      await plot.hover({ position: { x: ((bar + 0.3) / 24) * width, y: height / 2 } });
      return (await figure.locator('p').innerText()).replace(/\s+/g, ' ');
    };
    assert.match(await legendAt(4), /^Oct 27, 2024, 2:00 AM UTC\+2 ?104$/);
    assert.match(await legendAt(5), /^Oct 27, 2024, 2:00 AM UTC\+1 ?105$/);
    assert.match(await legendAt(6), /^Oct 27, 2024, 3:00 AM UTC\+1 ?106$/);
  });

  test('says why a query is refused, and what can be done', async () => {
    await upload(site.thena.url, 'timeless', 'name,when\na,2024-01-01\nb,2024-01-02\nc,2024-01-03\nd,Total\n');
    const page = await site.visitor.open('/c/timeless/analyses?type=time_difference');
    const alert = page.getByRole('alert');
    await alert.getByText('no_time_column').waitFor();
    assert.match(await alert.innerText(), /'when' is text: 1 of 4 values is not a date. Line 5: 'Total'/);
    await assertAccessible(page, 'refused analysis');
    await page.goto(addressOf('timeless', { measures: [{ fn: 'count', column: 'nme' }] }));
    await alert.getByText('Did you mean "name"?').waitFor();
    await page.goto('/c/timeless/analyses?q=%7B');
    await alert.getByText('Invalid address').waitFor();
  });

  test('says when the table has changed, and refreshes on request', async () => {
    await upload(site.thena.url, 'growing', 'a\n1\n2\n');
    const page = await site.visitor.open('/c/growing/analyses?type=total_rows');
    await page.getByText('The table has 2 rows.').waitFor();
    await upload(site.thena.url, 'growing', 'a\n3\n');
    await page.getByText('The table has changed since: 1 row more.').waitFor();
    await page.getByRole('button', { name: 'Refresh' }).click();
    await page.getByText('The table has 3 rows.').waitFor();
  });

  test('shows the progress of a slow query, and cancels it', async () => {
    const text = 'x0123456789 '.repeat(8);
    const lines = Array.from({ length: 300_000 }, (_, index) => `${text}${index}`);
    await upload(site.thena.url, 'slow', `s,n\n${lines.map((line, index) => `${line},${index}`).join('\n')}\n`);
    const or = Array.from(
      { length: 60 },
      (_, each) => ({ column: 's', op: 'like', value: `%x${each}%9${each}%_y_` }) as const,
    );
    const page = await site.visitor.open(addressOf('slow', { measures: [{ fn: 'count' }], where: { not: { or } } }));
    const running = async () => (await call(`${site.thena.url}/api/v1/customers/slow/analyses`)).body.items.length;
    await page.getByText('Running …').waitFor();
    await assertAccessible(page, 'running analysis');
    assert.equal(await running(), 1);
    await page.getByRole('button', { name: 'Cancel' }).focus();
    await page.keyboard.press('Enter');
    await page.getByText('Cancelled.').waitFor();
    assert.equal(await page.evaluate(() => document.activeElement === document.body), false, 'the focus is lost');
    await until(async () => (await running()) === 0);
    await page.getByRole('button', { name: 'Run again' }).click();
    await page.getByText('Running …').waitFor();
    // Leaving the screen cancels it as well.
    await page.getByRole('link', { name: 'Overview' }).click();
    await until(async () => (await running()) === 0);
  });

  test('is accessible and fits a phone', async () => {
    const screens: readonly (readonly [string, string])[] = [
      ['choices', '/c/shop/analyses'],
      ['time difference', '/c/shop/analyses?type=time_difference'],
      ['profile', '/c/shop/analyses?type=profile'],
      ['rows over time', '/c/shop/analyses?type=rows_over_time&bucket=day&time_zone=Europe%2FBerlin'],
      [
        'series',
        addressOf('shop', {
          measures: [{ fn: 'count' }],
          group_by: [{ column: 'at', bucket: 'day' }, 'kind'],
          limit: 50,
        }),
      ],
      ['nothing', '/c/nobody/analyses'],
    ];
    const page = await site.visitor.open('/c/shop/analyses');
    for (const [name, path] of screens) {
      await page.goto(path);
      await page.getByText(/Choose an analysis|^From 5 rows|no rows yet/).waitFor();
      await assertAccessible(page, name);
      await assertFitsPhone(page, name);
      await assertFitsZoom(page, name);
    }
    await page.goto(screens[1]?.[1] ?? '');
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('dialog').waitFor();
    await assertAccessible(page, 'share');
    await assertFitsPhone(page, 'share');
  });
});

describe('analyses in the page of a server with keys', { skip }, () => {
  test('share a command without the key, which runs with it', async () => {
    const second = await browserOrReason();
    const adminKey = 'an-admin-key-for-tests-only';
    const thena = await startThena({ THENA_ADMIN_KEY: adminKey });
    try {
      const headers = { authorization: `Bearer ${adminKey}` };
      const { body } = await call(`${thena.url}/api/v1/customers`, { json: { customer_id: 'mine' }, headers });
      const { key } = body.api_key;
      await upload(thena.url, 'mine', 'a\n1\n', { authorization: `Bearer ${key}` });
      const visitor = await visit(second.browser, thena.url, { permissions: ['clipboard-read', 'clipboard-write'] });
      const page = await visitor.open('/c/mine/analyses?type=total_rows');
      await page.getByLabel('API key').fill(key);
      await page.keyboard.press('Enter');
      await page.getByText('The table has 1 row.').waitFor();
      await page.getByRole('button', { name: 'Share' }).click();
      await page.getByRole('button', { name: 'Copy: curl' }).click();
      const command = await page.evaluate(() => navigator.clipboard.readText());
      assert(!command.includes(key) && command.includes('$THENA_KEY'), command);
      const env = { ...process.env, THENA_KEY: key };
      const { stdout } = await promisify(execFile)('sh', ['-c', `${command} --silent`], { env });
      assert.equal(JSON.parse(stdout).result.total_rows, 1);
      await visitor.close();
    } finally {
      await second.browser.close();
      await thena.close();
    }
  });
});
