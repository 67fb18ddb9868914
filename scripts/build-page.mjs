import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { withLock } from './folder-lock.mjs';
import { launch } from './launch.mjs';

/** What the page is made of. The lockfile stands for the packages. */
const SOURCES = ['ui', 'client', 'src/api', 'scripts/write-page.mjs', 'tsconfig.json', 'package-lock.json'];
const OUTPUT = 'dist/page';
const say = (line) => process.stderr.write(`Thena: ${line}\n`);

/**
 * Builds the web page into `dist/page` if its sources have changed since the last build. Does and prints nothing otherwise, and if
 * there are no sources, as in a package. If the build fails, the old page is kept; Thena runs with it, or without a page.
 *
 * @param {string} root the project's folder
 * @param {string} runtime path of a Node
 */
export async function buildPage(root, runtime) {
  if (!existsSync(join(root, 'ui')) || isBuilt(root)) return;
  const work = async () => {
    // Another process may have built it while this one waited.
    if (isBuilt(root)) return;
    say('Building the web page …');
    const startedAt = Date.now();
    const args = ['scripts/write-page.mjs', OUTPUT, hashOfSources(root)];
    const code = await launch(runtime, args, { cwd: root, stdio: ['ignore', 2, 2] });
    if (code > 128) throw Object.assign(new Error('Build interrupted.'), { exitCode: code });
    if (code !== 0) throw new Error('see the output above');
    say(`Built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s.`);
  };
  try {
    await withLock(root, work, {
      onWaiting: () => say('Waiting for another process that is building the web page here …'),
      onReadOnly: ({ message }) => new Error(`${root} is not writable (${message})`),
    });
  } catch (error) {
    if (error.exitCode) throw error;
    const kept = existsSync(join(root, OUTPUT)) ? 'The last one that was built is served.' : 'Thena runs without it.';
    say(`The web page could not be built: ${error.message}. ${kept} The API is not affected.`);
  }
}

function isBuilt(root) {
  try {
    return readFileSync(join(root, OUTPUT, 'sources.sha256'), 'utf8') === hashOfSources(root);
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

function hashOfSources(root) {
  const hash = createHash('sha256');
  for (const source of SOURCES) {
    for (const path of filesOf(root, source)) {
      const content = readFileSync(join(root, path));
      hash.update(`${path}\n${content.length}\n`).update(content);
    }
  }
  return hash.digest('hex');
}

/** The files of a folder, or the file itself, in an order that does not depend on the machine. */
function filesOf(root, path) {
  if (!existsSync(join(root, path))) return [];
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}
