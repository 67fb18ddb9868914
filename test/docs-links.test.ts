import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, matchesGlob, posix } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { anchorsOf, codeSpans, linkTargets, splitMarkdown } from './markdown.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Paths from the root with `/`, as git has them, of tracked files and new ones; null outside a checkout. */
function listFiles(): readonly string[] | null {
  if (!existsSync(join(ROOT, '.git'))) return null;
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const names = execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).split('\0');
  return names.filter((name) => name !== '' && existsSync(join(ROOT, name)));
}

const files = listFiles();
const proseOf = (page: string): string => splitMarkdown(readFileSync(join(ROOT, page), 'utf8')).prose;

describe('the documentation', { skip: files === null && 'needs a git checkout' }, () => {
  const all = files ?? [];
  const folders = new Set(all.flatMap((path) => parentsOf(path)));
  const topFolders = new Set([...folders].filter((path) => !path.includes('/')));

  for (const page of all.filter((path) => path.endsWith('.md'))) {
    it(`${page} links only to pages and headings that exist`, () => {
      const broken = linkTargets(proseOf(page)).filter((target) => {
        if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return false;
        const [path = '', anchor] = decodeURI(target).split('#');
        const file = path === '' ? page : posix.normalize(posix.join(dirname(page), path));
        if (!all.includes(file) && !folders.has(file.replace(/\/$/, ''))) return true;
        return anchor !== undefined && !(file.endsWith('.md') && anchorsOf(proseOf(file)).has(anchor));
      });
      assert.deepEqual(broken, []);
    });
  }

  it('docs/architecture.md names only paths that exist', () => {
    const missing = codeSpans(proseOf('docs/architecture.md')).filter((text) => {
      // A file may be named from the root, from the folder that is described, or by its name.
      if (/^[\w./*-]+\.(ts|mjs|wasm)$/.test(text))
        return !all.some((path) => matchesGlob(path, `{${text},**/${text}}`));
      // Folders that Thena makes when it runs look the same, but are not in a folder of the repository.
      const [top = '', ...rest] = text.replace(/\/$/, '').split('/');
      const isFolder = /^[\w./-]+$/.test(text) && topFolders.has(top) && (rest.length > 0 || text.endsWith('/'));
      return isFolder && !folders.has(text.replace(/\/$/, '')) && !all.includes(text);
    });
    assert.deepEqual(missing, []);
  });
});

/** `a/b/c.ts` → `a`, `a/b` */
function parentsOf(path: string): readonly string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
