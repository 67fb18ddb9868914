import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PNG } from 'pngjs';
import { browserOrReason } from './browser-page.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/build-tour.ts', import.meta.url));
const IMAGES = fileURLToPath(new URL('../../docs/images', import.meta.url));
const MOST_BYTES = 200_000;

const { browser, skip } = await browserOrReason();
if (skip === false) await browser.close();

test('the pictures of the tour can be taken, and are those of the documentation', { skip }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'thena-pictures-'));
  try {
    await promisify(execFile)(process.execPath, [SCRIPT, folder], { timeout: 200_000 });
    const taken = (await readdir(folder)).toSorted();
    assert.deepEqual(taken, (await readdir(IMAGES)).toSorted());
    for (const name of taken) {
      const [old, fresh] = await Promise.all([IMAGES, folder].map((from) => readFile(join(from, name))));
      assert.ok(old && fresh);
      assert(old.length < MOST_BYTES, `${name} has ${old.length} bytes`);
      const size = ({ width, height }: PNG) => ({ width, height });
      assert.deepEqual(size(PNG.sync.read(old)), size(PNG.sync.read(fresh)), name);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
