import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SETTINGS } from '../src/config.ts';
import { ERRORS } from '../src/errors.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The cells of those table rows of a page that begin with a name in code style. */
function rowsOf(page: string): string[][] {
  return readFileSync(`${root}docs/${page}`, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.slice(2, -2).split(/(?<!\\) \| /))
    .map((cells) => cells.map((cell) => cell.replaceAll('\\|', '|')));
}

test('docs/errors.md lists every code with its status, title and hint, and no other', () => {
  const inCode = Object.entries(ERRORS).map(([code, { status, title, hint }]) => [
    `\`${code}\``,
    String(status),
    title,
    hint,
  ]);
  assert.deepEqual(rowsOf('errors.md').sort(), inCode.sort());
});

test('docs/settings.md lists every setting with its default and help, and no other', () => {
  const inCode = Object.entries(SETTINGS).map(([name, setting]) => [
    `\`${name}\``,
    setting.default === '' ? 'none' : `\`${setting.default}\``,
    setting.help,
  ]);
  assert.deepEqual(rowsOf('settings.md').sort(), inCode.sort());
});

test('every error code is used', () => {
  const source = readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && name !== 'errors.ts' && !name.startsWith('api/'))
    .map((name) => readFileSync(`${root}src/${name}`, 'utf8'))
    // Routes list the codes for the documentation.
    .map((text) => text.replaceAll(/(problems: |_PROBLEMS = )\[[^\]]*\]/g, ''))
    .join('\n');
  const unused = Object.keys(ERRORS).filter((code) => !source.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});
