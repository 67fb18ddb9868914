import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';

const SAMPLE = fileURLToPath(new URL('../scripts/sample.ts', import.meta.url));

/** Writes the CSV file that `npm run sample` prints. */
export async function writeSample(rows: number, file: string): Promise<void> {
  const child = spawn(process.execPath, [SAMPLE, '--rows', String(rows)], { stdio: ['ignore', 'pipe', 'inherit'] });
  await pipeline(child.stdout, createWriteStream(file));
  if (child.exitCode === null) await once(child, 'exit');
  if (child.exitCode !== 0) throw new Error(`the sample of ${rows} rows was not written`);
}
