#!/usr/bin/env node
/**
 * Runs the command line on the Node that the package pins, whatever Node the machine has: in this process if it is one that can.
 * Plain JavaScript, for Node 20 and later. In a clone of the project it installs missing packages first; in the npm package the
 * sources are compiled.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findRuntime } from '../scripts/find-runtime.mjs';
import { launch } from '../scripts/launch.mjs';
import { SetUpError, setUp } from '../scripts/set-up.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LEAST_LAUNCHER_MAJOR = 20;

try {
  const major = Number.parseInt(process.versions.node, 10);
  if (major < LEAST_LAUNCHER_MAJOR) {
    throw new SetUpError(
      `Node.js ${process.versions.node} is too old. Install Node.js ${LEAST_LAUNCHER_MAJOR} or later.`,
    );
  }
  const isClone = existsSync(join(ROOT, 'cli/main.ts'));
  if (isClone) await setUp(ROOT, false);
  const main = join(ROOT, isClone ? 'cli/main.ts' : 'dist/cli/main.js');
  const runtime = findRuntime(ROOT);
  if (isClone && process.argv[2] === 'serve') {
    const { buildPage } = await import('../scripts/build-page.mjs');
    await buildPage(ROOT, runtime);
  }
  if (runtime === process.execPath) await import(pathToFileURL(main).href);
  else {
    const env = { NODE_COMPILE_CACHE: join(ROOT, 'node_modules/.cache/node'), ...process.env };
    process.exitCode = await launch(runtime, [main, ...process.argv.slice(2)], {
      cwd: process.cwd(),
      env,
      channel: true,
    });
  }
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  process.stderr.write(`thena: ${error.message}\n`);
  process.exitCode = error.exitCode ?? 1;
}
