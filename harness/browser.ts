import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliDecompress, createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

const CACHE = fileURLToPath(new URL('../node_modules/.cache/thena/', import.meta.url));
/** Own arguments: with those of the package, such as --single-process, the browser hangs after a page. */
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'];

/** Starts the Chromium of the packages for tests. @returns the browser, or the reason why it cannot run here */
export async function startBrowser(): Promise<Browser | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the packaged browser runs on Linux on x64, not ${process.platform} on ${process.arch}`;
  }
  const folder = await unpacked();
  const executablePath = join(folder, 'chromium');
  // Its libraries and a font come with it, so that it runs, and shows the same, on every machine.
  const env = { ...process.env, LD_LIBRARY_PATH: join(folder, 'lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') };
  const probe = spawnSync(executablePath, ['--version', '--no-sandbox'], { encoding: 'utf8', env });
  if (probe.status !== 0) return `the browser cannot run here: ${(probe.error?.message ?? probe.stderr).trim()}`;
  // It leaves files in its temporary folder.
  const temp = mkdtempSync(join(tmpdir(), 'thena-browser-'));
  process.once('exit', () => rmSync(temp, { recursive: true, force: true }));
  return chromium.launch({ executablePath, args: ARGUMENTS, env: { ...env, TMPDIR: temp } });
}

/** Unpacks the browser once. Renaming makes it complete whenever it exists, also if several tests start at the same time. */
async function unpacked(): Promise<string> {
  const require = createRequire(import.meta.url);
  const packed = join(dirname(require.resolve('@sparticuz/chromium')), '../bin');
  const { version } = JSON.parse(await readFile(join(packed, '../package.json'), 'utf8'));
  const folder = join(CACHE, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  try {
    await mkdir(unfinished, { recursive: true });
    const program = join(unfinished, 'chromium');
    await pipeline(createReadStream(join(packed, 'chromium.br')), createBrotliDecompress(), createWriteStream(program));
    await chmod(program, 0o755);
    for (const name of ['al2023', 'fonts']) await unpackTar(join(packed, `${name}.tar.br`), unfinished);
    await writeFile(join(unfinished, 'fonts.conf'), fontsConfig(join(folder, 'fonts')));
    await rename(unfinished, folder);
  } catch (error) {
    // ENOTEMPTY: another process was faster.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function unpackTar(path: string, folder: string): Promise<void> {
  const input = await promisify(brotliDecompress)(await readFile(path));
  const { status, error, stderr } = spawnSync('tar', ['-xf', '-', '-C', folder], { input, encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot unpack ${path}: ${error?.message ?? stderr}`);
}

function fontsConfig(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${folder}</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir>${join(folder, '.cache')}</cachedir>
  <alias><family>sans-serif</family><prefer><family>Open Sans</family></prefer></alias>
  <alias><family>system-ui</family><prefer><family>Open Sans</family></prefer></alias>
</fontconfig>
`;
}
