import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { launch } from './launch.mjs';

const LOCK_STALE_MS = 60_000;
const say = (line) => process.stderr.write(`Thena: ${line}\n`);

/** Ends the launcher with a sentence for the person at the keyboard. */
export class SetUpError extends Error {}

/**
 * Installs the packages that are missing, and nothing else; says so, or says nothing where all are there.
 *
 * @param {string} root the project's folder
 * @param {boolean} withDev whether the packages for testing and checking are wanted too
 * @throws {SetUpError}
 */
export async function setUp(root, withDev) {
  if (missingPackages(root, withDev).length === 0) return;
  await withLock(root, async () => {
    // Another process may have installed them while this one waited.
    if (missingPackages(root, withDev).length > 0) await install(root, withDev);
  });
}

async function install(root, withDev) {
  const fresh = readJson(root, 'node_modules/.package-lock.json') === null;
  const nothingYet = missingPackages(root, false).length > 0;
  say(
    nothingYet
      ? `installing the packages it runs on${withDev ? ', and those that test it,' : ''} into node_modules, this once …`
      : 'adding the packages that test and check it to node_modules, this once …',
  );
  const startedAt = Date.now();
  const [npm, ...npmArgs] = npmCommand();
  const args = [
    ...npmArgs,
    // `npm ci` empties node_modules first; where a server may be running from it, only what differs is exchanged.
    ...(fresh ? ['ci'] : ['install', '--no-save']),
    withDev ? '--include=dev' : '--omit=dev',
    // The runtime and DuckDB are optional packages: one for each platform.
    '--include=optional',
    // Settings of the user's own that would make the lockfile mean nothing.
    '--package-lock',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--loglevel=error',
  ];
  // Standard output belongs to the command that is being prepared.
  const code = await launch(npm, args, { cwd: root, stdio: ['ignore', 2, 2] }).catch((error) => {
    throw new SetUpError(
      `npm cannot be run (${error.message}). Install Node.js 20 or later with npm: https://nodejs.org`,
    );
  });
  if (code > 128) throw Object.assign(new SetUpError('the installation was interrupted.'), { exitCode: code });
  const missing = missingPackages(root, withDev);
  if (code !== 0 || missing.length > 0) {
    const what =
      code === 0 ? `npm left out ${missing.slice(0, 3).join(', ')}` : 'npm failed; what it said stands above';
    throw new SetUpError(
      `the packages could not be installed: ${what}. Is this machine online, and is there room on the disk? ` +
        'Behind a proxy, set HTTPS_PROXY. Then run the same command again.',
    );
  }
  say(`installed in ${((Date.now() - startedAt) / 1000).toFixed(0)} s.`);
}

/** @returns {string[]} names of packages that the lockfile asks for here and npm's record of its last install lacks */
function missingPackages(root, withDev) {
  const wanted = readJson(root, 'package-lock.json');
  if (wanted === null) throw new SetUpError('package-lock.json is missing; restore it from the repository.');
  const installed = readJson(root, 'node_modules/.package-lock.json')?.packages ?? {};
  return Object.entries(wanted.packages)
    .filter(([path, entry]) => path !== '' && (withDev || !entry.dev) && (!entry.optional || suits(entry)))
    .filter(([path, { version, integrity }]) => {
      const here = installed[path];
      return !here || here.version !== version || here.integrity !== integrity;
    })
    .map(([path]) => path.replace(/^.*node_modules\//, ''));
}

/** Whether npm installs this optional package on this machine. */
function suits({ os, cpu, libc }) {
  return allows(os, process.platform) && allows(cpu, process.arch) && (!libc || allows(libc, libcFamily()));
}

/** Reads a list of names, or of names that are excluded by a `!`, as npm does. */
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
    // Half of a record is none: the installation was cut short.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** npm as this command was started with, else the one on the path. */
function npmCommand() {
  const path = process.env.npm_execpath;
  // pnpm and yarn set the same variable.
  if (path && /npm-cli\.js$/.test(path)) return [process.env.npm_node_execpath ?? process.execPath, path];
  return process.platform === 'win32' ? ['cmd.exe', '/d', '/s', '/c', 'npm'] : ['npm'];
}

/**
 * Holds the folder for one installation at a time. The lock is a folder with one file named for its owner's process;
 * a folder that is not empty cannot be removed, so of two that find a dead owner only one gets past it.
 */
async function withLock(root, work) {
  const lock = join(root, '.set-up-lock');
  const mine = join(lock, String(process.pid));
  for (let waiting = false; ; await sleep(200)) {
    try {
      mkdirSync(lock);
      writeFileSync(mine, '');
      break;
    } catch (error) {
      // ENOENT: another process took the still empty folder for a leftover.
      if (error.code !== 'EEXIST' && error.code !== 'ENOENT') {
        throw new SetUpError(`packages must be installed, but ${root} cannot be written (${error.message}).`);
      }
    }
    if (!clearStale(lock) && !waiting) {
      waiting = true;
      say('another process is installing packages here; waiting for it …');
    }
  }
  const heartbeat = setInterval(() => utimesSync(mine, new Date(), new Date()), LOCK_STALE_MS / 6);
  try {
    await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(lock, { recursive: true, force: true });
  }
}

/** Removes a lock whose owner is gone. @returns {boolean} whether to try again at once */
function clearStale(lock) {
  try {
    const [owner] = readdirSync(lock);
    if (owner !== undefined) {
      const fresh = Date.now() - statSync(join(lock, owner)).mtimeMs < LOCK_STALE_MS;
      if (fresh && Number(owner) !== process.pid && isAlive(Number(owner))) return false;
      rmSync(join(lock, owner));
    }
    rmdirSync(lock);
  } catch {
    // Someone else was quicker, or has taken it since: look again.
  }
  return true;
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}
