/**
 * Compiles `wasm/record-scan.ts` (AssemblyScript) to `src/csv/record-scan.wasm`. The result is committed, so that the compiler is
 * needed only after a change of the source; a test compares the two.
 *
 *   node scripts/build-wasm.mjs [file to write]
 */
import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const target = process.argv[2] ?? fileURLToPath(new URL('../src/csv/record-scan.wasm', import.meta.url));
// 640 KiB that never grow: growing would move the memory that JavaScript has views of.
const PAGES = '10';

const { error, stderr } = await asc.main(
  [
    'wasm/record-scan.ts',
    ...['--outFile', relative(ROOT, target), '--baseDir', ROOT],
    ...['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert'],
    ...['--initialMemory', PAGES, '--maximumMemory', PAGES],
  ],
  { writeFile: (_name, contents) => writeFileSync(target, contents) },
);
if (error) {
  process.stderr.write(`${stderr}${error.message}\n`);
  process.exitCode = 1;
}
