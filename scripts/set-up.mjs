import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { withLock } from './folder-lock.mjs';
import { launch } from './launch.mjs';

const say = (line) => process.stderr.write(`Thena: ${line}\n`);

/** Ends the launcher with a message for the user. */
export class SetUpError extends Error {}

/**
 * Installs missing packages and reports it. Does and prints nothing if all packages are installed.
 *
 * @param {string} root the project's folder
 * @param {boolean} withDev whether the packages for testing and checking are wanted too
 * @throws {SetUpError}
 */
export async function setUp(root, withDev) {
  if (missingPackages(root, withDev).length === 0) return;
  const work = async () => {
    // Another process may have installed them while this one waited.
    if (missingPackages(root, withDev).length > 0) await install(root, withDev);
  };
  await withLock(root, work, {
    onWaiting: () => say('Waiting for another process that is installing packages here …'),
    onReadOnly: ({ message }) =>
      new SetUpError(`Packages must be installed, but ${root} is not writable (${message}).`),
  });
}

async function install(root, withDev) {
  const fresh = readJson(root, 'node_modules/.package-lock.json') === null;
  const nothingYet = missingPackages(root, false).length > 0;
  say(
    nothingYet
      ? `Installing packages${withDev ? ' (including those for tests)' : ''} into node_modules. This is needed only once …`
      : 'Installing the packages for tests into node_modules. This is needed only once …',
  );
  const startedAt = Date.now();
  const [npm, ...npmArgs] = npmCommand();
  const args = [
    ...npmArgs,
    // `npm ci` empties node_modules first. A server may be running from it, so later installations replace only what differs.
    ...(fresh ? ['ci'] : ['install', '--no-save']),
    withDev ? '--include=dev' : '--omit=dev',
    // The runtime and DuckDB have an optional package for each platform.
    '--include=optional',
    // Override settings of the user that would bypass the lockfile.
    '--package-lock',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
  ];
  // Standard output belongs to the command that runs afterwards.
  const code = await launch(npm, args, { cwd: root, stdio: ['ignore', 2, 2] }).catch((error) => {
    throw new SetUpError(
      `Cannot run npm (${error.message}). Install Node.js 20 or later with npm from https://nodejs.org.`,
    );
  });
  if (code > 128) throw Object.assign(new SetUpError('Installation interrupted.'), { exitCode: code });
  const missing = missingPackages(root, withDev);
  if (code !== 0 || missing.length > 0) {
    const what =
      code === 0 ? `npm did not install ${missing.slice(0, 3).join(', ')}` : 'npm failed, see its output above';
    throw new SetUpError(
      `Installation failed: ${what}. Check the network connection and the free disk space; behind a proxy, set HTTPS_PROXY. ` +
        'Then run the command again.',
    );
  }
  say(`Installed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s.`);
}

/** @returns {string[]} names of the packages that the lockfile requires on this platform and npm's record of its last installation lacks */
function missingPackages(root, withDev) {
  const wanted = readJson(root, 'package-lock.json');
  if (wanted === null) throw new SetUpError('package-lock.json is missing. Restore it from the repository.');
  const installed = readJson(root, 'node_modules/.package-lock.json')?.packages ?? {};
  // npm marks what a link leads to, but not always the link itself.
  const isForTests = ({ dev, link, resolved }) => dev || (link && wanted.packages[resolved]?.dev);
  return Object.entries(wanted.packages)
    .filter(([path, entry]) => path !== '' && (withDev || !isForTests(entry)) && (!entry.optional || suits(entry)))
    .filter(([path, { version, integrity }]) => {
      const here = installed[path];
      return !here || here.version !== version || here.integrity !== integrity;
    })
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
}

/**
 * Whether npm has to install this optional package on this platform. One that names no platform is part of one that does, and is
 * installed with it.
 */
function suits({ os, cpu, libc }) {
  if (!os && !cpu) return false;
  return allows(os, process.platform) && allows(cpu, process.arch) && (!libc || allows(libc, libcFamily()));
}

/** Whether a list allows a name, as npm reads it: names that are allowed, or names with `!` that are excluded. */
function allows(names, name) {
  const list = [names ?? []].flat();
  return !list.includes(`!${name}`) && (list.includes(name) || list.every((each) => each.startsWith('!')));
}

function libcFamily() {
  process.report.excludeNetwork = true;
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl';
}

function readJson(root, name) {
  try {
    return JSON.parse(readFileSync(join(root, name), 'utf8'));
  } catch (error) {
    // Truncated JSON: the installation was interrupted.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The npm that started this command or, failing that, the one on the PATH. */
function npmCommand() {
  const path = process.env.npm_execpath;
  // pnpm and yarn set this variable, too.
  if (path && /npm-cli\.js$/.test(path)) return [process.env.npm_node_execpath ?? process.execPath, path];
  return process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c', 'npm'] : ['npm'];
}
