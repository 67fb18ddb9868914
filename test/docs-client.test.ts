/** Runs the examples of docs/client.md, in the order of the page, as one program. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { splitMarkdown } from './markdown.ts';
import { startThena } from './server.ts';

const ROOT = new URL('..', import.meta.url);
const PACKAGE = '@thena-csv/thena';
const CSV = 'event_time,amount\n2024-03-01T09:00:00Z,1.5\n2024-03-02T09:00:00Z,2\n2024-03-03T09:00:00Z,3,4\n';

test('the examples of docs/client.md run', async () => {
  const page = readFileSync(new URL('docs/client.md', ROOT), 'utf8');
  const examples = splitMarkdown(page).fences.filter(({ language }) => language === 'ts');
  assert.equal(examples.length, 5);
  const thena = await startThena();
  const folder = mkdtempSync(join(tmpdir(), 'thena-docs-client-'));
  try {
    const program = examples
      .map(({ text }) => text)
      .join('\n')
      .replaceAll('http://127.0.0.1:8000', thena.url)
      .replaceAll(new RegExp(`'${PACKAGE}(?:/([a-z-]+))?'`, 'g'), (_, name = 'create-client') =>
        JSON.stringify(new URL(`client/${name}.ts`, ROOT).href),
      );
    writeFileSync(join(folder, 'events_data.csv'), CSV);
    writeFileSync(join(folder, 'program.mts'), program);
    const { stdout } = await promisify(execFile)(process.execPath, ['program.mts'], { cwd: folder });
    assert.match(stdout, /^complete 2$/m);
    assert.match(stdout, /^4 null /m);
    assert.match(stdout, /^thena-1000\.ndjson \d+$/m);
    assert.match(stdout, /^86400$/m);
    assert.match(stdout, /^customer_not_found /m);
  } finally {
    rmSync(folder, { recursive: true });
    await thena.close();
  }
});
