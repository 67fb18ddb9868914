import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Page } from 'playwright-core';
import { type RunningThena, startThena, upload } from '../server.ts';
import { browserOrReason, visit } from './browser-page.ts';

const { browser, skip } = await browserOrReason();

describe('seven tabs of one browser', { skip }, () => {
  let thena: RunningThena;
  before(async () => {
    thena = await startThena();
  });
  after(async () => {
    await browser.close();
    await thena.close();
  });

  test('stay live through one connection, also when the tab that holds it is closed', async () => {
    await upload(thena.url, 'watched', 'a\n1\n');
    const visitor = await visit(browser, thena.url);
    const streams = new Set<Page>();
    visitor.context.on('request', (request) => {
      if (request.url().endsWith('/events')) streams.add(request.frame().page());
    });
    const tabs: Page[] = [];
    for (let index = 0; index < 7; index++) {
      const tab = await visitor.open('/c/watched');
      await tab.getByText('Latest uploads').waitFor();
      tabs.push(tab);
    }
    const rowsShown = (rows: number) =>
      Promise.all(
        tabs.map((tab) =>
          tab
            .getByRole('definition')
            .filter({ hasText: new RegExp(`^${rows}$`) })
            .first()
            .waitFor(),
        ),
      );
    await upload(thena.url, 'watched', 'a\n2\n3\n');
    await rowsShown(3);
    assert.deepEqual([...streams], [tabs[0]], 'one tab holds the stream');
    await tabs.shift()?.close();
    await upload(thena.url, 'watched', 'a\n4\n5\n');
    await rowsShown(5);
    assert.equal(streams.size, 2);
    await visitor.close();
  });

  test('stay live if they show different customers, more than the browser has connections', async () => {
    const customers = Array.from({ length: 7 }, (_, index) => `apart-${index}`);
    for (const customer of customers) await upload(thena.url, customer, 'a\n1\n');
    const visitor = await visit(browser, thena.url);
    const tabs: Page[] = [];
    for (const customer of customers) {
      const tab = await visitor.open(`/c/${customer}`);
      await tab.getByText('Latest uploads').waitFor();
      tabs.push(tab);
    }
    const showRows = (rows: number) =>
      Promise.all(
        tabs.map((tab) =>
          tab
            .getByRole('definition')
            .filter({ hasText: new RegExp(`^${rows}$`) })
            .first()
            .waitFor(),
        ),
      );
    for (const customer of customers) await upload(thena.url, customer, 'a\n2\n3\n');
    await showRows(3);
    // The tabs that had streams are closed; others take their place.
    for (const tab of tabs.splice(0, 3)) await tab.close();
    for (const customer of customers.slice(3)) await upload(thena.url, customer, 'a\n4\n');
    await showRows(4);
    await visitor.close();
  });
});
