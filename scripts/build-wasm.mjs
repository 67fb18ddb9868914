/**
 * Compiles the modules of `wasm/` (AssemblyScript) to `src/csv/*.wasm`. The results are committed, so that the compiler is needed only
 * after a change of a source; a test compares them.
 *
 *   node scripts/build-wasm.mjs [folder to write to]
 */
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folder = process.argv[2] ?? join(ROOT, 'src/csv');
// Pages of 64 KiB. Memories never grow: growing would move the memory that JavaScript has views of.
const PAGES = { 'record-scan': '10', 'field-index': '28' };

for (const [name, pages] of Object.entries(PAGES)) {
  const target = join(folder, `${name}.wasm`);
  const { error, stderr } = await asc.main(
    [
      `wasm/${name}.ts`,
      ...['--outFile', relative(ROOT, target), '--baseDir', ROOT],
      ...['--runtime', 'stub', '--enable', 'simd', '-O3', '--noAssert'],
      ...['--initialMemory', pages, '--maximumMemory', pages],
    ],
    { writeFile: (_name, contents) => writeFileSync(target, contents) },
  );
  if (error) {
    process.stderr.write(`${stderr}${error.message}\n`);
    process.exitCode = 1;
  }
}
