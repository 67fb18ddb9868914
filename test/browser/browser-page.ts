import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, afterEach, before, beforeEach } from 'node:test';
import type axe from 'axe-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { startBrowser } from '../../harness/browser.ts';
import { type RunningThena, startThena } from '../server.ts';

declare global {
  interface Window {
    readonly axe: typeof axe;
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** The browser logs responses such as 404, and 503 while a part of a cluster is down, which are answers that the page expects. */
const FAILED_REQUEST = /^Failed to load resource: the server responded with a status of (4\d\d|503)/;

/** The browser of the test file, or the reason why its tests are skipped. */
export async function browserOrReason(): Promise<{ readonly browser: Browser; readonly skip: string | false }> {
  const started = await startBrowser();
  // Tests that are skipped do not use it.
  return typeof started === 'string' ? { browser: {} as Browser, skip: started } : { browser: started, skip: false };
}

export interface Visit {
  readonly context: BrowserContext;
  /** A tab of the visitor. It fails the test, at the end, if it logs an error or requests something from elsewhere. */
  open(url: string): Promise<Page>;
  /** Closes all tabs. @throws AssertionError if one of them had a fault */
  close(): Promise<void>;
}

/** Somebody who visits the page with a browser of their own. */
export async function visit(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ baseURL: url, locale: 'en-US', ...options });
  // On a busy machine with two cores, everything may take long.
  context.setDefaultTimeout(45_000);
  const faults: string[] = [];
  context.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type()) || FAILED_REQUEST.test(message.text())) return;
    faults.push(`console: ${message.text()} ${message.location().url}`.trimEnd());
  });
  context.on('weberror', (error) => faults.push(`error: ${error.error().stack}`));
  context.on('request', (request) => {
    if (!request.url().startsWith(`${url}/`) && !/^(blob|data):/.test(request.url()))
      faults.push(`outside: ${request.url()}`);
  });
  return {
    context,
    async open(path) {
      const page = await context.newPage();
      await page.goto(path);
      return page;
    },
    async close() {
      await context.close();
      assert.deepEqual(faults, []);
    },
  };
}

export interface Site {
  readonly thena: RunningThena;
  /** Of the test that runs. */
  readonly visitor: Visit;
}

/** Starts a server for the tests of a suite, and a visitor for each test. Call it in the suite. */
export function siteOf(
  browser: Browser,
  settings: Parameters<typeof startThena>[0] = {},
  options: BrowserContextOptions = {},
): Site {
  let thena: RunningThena;
  let visitor: Visit;
  before(async () => {
    thena = await startThena(settings);
  });
  after(async () => {
    await browser.close();
    await thena.close();
  });
  beforeEach(async () => {
    visitor = await visit(browser, thena.url, options);
  });
  afterEach(() => visitor.close());
  return {
    get thena() {
      return thena;
    },
    get visitor() {
      return visitor;
    },
  };
}

/** Checks what is shown for accessibility, in light and dark. */
export async function assertAccessible(page: Page, screen: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    const found = violations.map(
      ({ id, nodes }) =>
        `${id}: ${nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary}`).join(' | ')}`,
    );
    assert.deepEqual(found, [], `${screen}, ${colorScheme}`);
  }
}

/** Checks that nothing is cut off at the width of a phone. */
export function assertFitsPhone(page: Page, screen: string): Promise<void> {
  return assertFits(page, { width: 390, height: 844 }, `${screen} on a phone`);
}

/** Checks that nothing is cut off in a window of 1280 x 800 pixels at a zoom of 200 %. */
export function assertFitsZoom(page: Page, screen: string): Promise<void> {
  return assertFits(page, { width: 640, height: 400 }, `${screen} at 200 %`);
}

async function assertFits(page: Page, size: { width: number; height: number }, screen: string): Promise<void> {
  const before = page.viewportSize() ?? { width: 1280, height: 720 };
  await page.setViewportSize(size);
  // Menus follow their button after the next frame.
  await page
    .waitForFunction(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth, null, {
      timeout: 2_000,
    })
    .catch(() => assert.fail(`${screen} is wider than the window`));
  await page.setViewportSize(before);
}

/** Chooses files and uploads them, once their preview is shown. */
export async function chooseAndUpload(page: Page, files: Parameters<Page['setInputFiles']>[1]): Promise<void> {
  await page.setInputFiles('[aria-label="CSV files"]', files);
  await page
    .getByRole('region', { name: 'Chosen files' })
    .getByRole('button', { name: /^Upload/ })
    .and(page.locator(':enabled'))
    .first()
    .click();
}
