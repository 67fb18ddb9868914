import { spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

const CACHE = fileURLToPath(new URL('../node_modules/.cache/thena/', import.meta.url));
/** Own arguments: with those of the package, such as --single-process, the browser hangs after a page. */
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'];

/** Starts the Chromium of the packages for tests. @returns the browser, or the reason why it cannot run here */
export async function startBrowser(): Promise<Browser | string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the packaged browser runs on Linux on x64, not ${process.platform} on ${process.arch}`;
  }
  const executablePath = await extracted();
  const probe = spawnSync(executablePath, ['--version', '--no-sandbox'], { encoding: 'utf8' });
  if (probe.status !== 0) return `the browser cannot run here: ${(probe.error?.message ?? probe.stderr).trim()}`;
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** Unpacks the browser once. Renaming makes it complete whenever it exists, also if several tests start at the same time. */
async function extracted(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const packed = join(dirname(entry), '../bin/chromium.br');
  const { version } = createRequire(import.meta.url)('../node_modules/@sparticuz/chromium/package.json');
  const path = join(CACHE, `chromium-${version}`);
  const exists = await access(path).then(
    () => true,
    () => false,
  );
  if (exists) return path;
  await mkdir(CACHE, { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  try {
    await pipeline(createReadStream(packed), createBrotliDecompress(), createWriteStream(unfinished));
    await chmod(unfinished, 0o755);
    await rename(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  return path;
}
