import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { openSpool } from '../../../src/ingest/spool/open-spool.ts';
import { type PlaceUnderTest, spoolContract } from './spool-contract.ts';

const SIZES = { cacheBytes: 1, reserveBytes: 0 };

/** @param url of the shared folder; null: the local one */
async function makeFolder(url: (folder: string) => string | null): Promise<PlaceUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'thena-spool-'));
  return {
    open: (instance) => openSpool({ url: url(folder), local: folder, instance, ...SIZES }),
    names: () =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath, entry.name))),
    lose: (name) => rmSync(join(folder, name)),
    remove: async () => rmSync(folder, { recursive: true }),
  };
}

spoolContract('the local folder', () => makeFolder(() => null));
spoolContract('a shared folder', () => makeFolder((folder) => pathToFileURL(folder).href));

it('refuses a shared folder that is not mounted', async () => {
  const missing = join(tmpdir(), 'thena-not-mounted');
  const opening = openSpool({ url: pathToFileURL(missing).href, local: tmpdir(), instance: 'a', ...SIZES });
  await assert.rejects(opening, { name: 'SettingError', message: /THENA_SPOOL_URL.*ENOENT.*has to exist/ });
  assert.throws(() => statSync(missing));
});

it('refuses a shared folder in which it may not write everywhere', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'thena-spool-'));
  const opening = () => openSpool({ url: pathToFileURL(folder).href, local: tmpdir(), instance: 'a', ...SIZES });
  const refusal = { name: 'SettingError', message: /THENA_SPOOL_URL.*rejects.*need the same user/ };
  try {
    writeFileSync(join(folder, 'rejects'), 'in the way');
    await assert.rejects(opening(), refusal);
    rmSync(join(folder, 'rejects'));
    mkdirSync(join(folder, 'rejects'), { mode: 0o500 });
    // The administrator may write everywhere.
    if (process.platform !== 'win32' && process.getuid?.() !== 0) await assert.rejects(opening(), refusal);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
