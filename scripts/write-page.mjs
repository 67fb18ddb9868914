/**
 * Bundles `ui/` with Vite and compresses the result, then puts it in place of the last build.
 *
 *   node scripts/write-page.mjs <output folder> <hash of the sources>
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'vite';

const COMPRESSIBLE = /\.(html|js|css|svg|csv|json)$/;
const [output, hash] = process.argv.slice(2);
const target = resolve(output);
const unfinished = `${target}.${process.pid}`;

try {
  await mkdir(dirname(target), { recursive: true });
  await build({
    configFile: 'ui/vite.config.ts',
    configLoader: 'native',
    logLevel: 'warn',
    build: { outDir: unfinished, emptyOutDir: true },
  });
  await compress(unfinished);
  await writeFile(join(unfinished, 'sources.sha256'), hash);
  await rm(target, { recursive: true, force: true });
  await rename(unfinished, target);
} finally {
  await rm(unfinished, { recursive: true, force: true });
}

async function compress(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && COMPRESSIBLE.test(entry.name));
  await Promise.all(
    files.map(async ({ parentPath, name }) => {
      const path = join(parentPath, name);
      const content = await readFile(path);
      const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
      await writeFile(`${path}.br`, await promisify(brotliCompress)(content, { params }));
      await writeFile(`${path}.gz`, await promisify(gzip)(content, { level: 9 }));
    }),
  );
}
