/**
 * Compiles the sources for the npm package: Node does not strip types of installed packages.
 *
 *   node scripts/build-package.mjs      (run by `npm pack`, after the web page was built)
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, globSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const PARTS = ['src', 'client', 'cli'];

// A file that was renamed would stay.
for (const part of PARTS) rmSync(join('dist', part), { recursive: true, force: true });
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.package.json'], {
  stdio: ['ignore', 2, 2],
});
for (const path of globSync('src/**/*.wasm')) copyFileSync(path, join('dist', path));
