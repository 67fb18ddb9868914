import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childOf, peakBytes } from '../../harness/process-memory.ts';
import { writeSample } from '../../harness/sample-file.ts';
import { startThenaProcess } from '../../harness/thena-process.ts';
import { call } from '../server.ts';

const { VOLUME_GB = '10' } = process.env;
const MB = 1e6;
const SMALL_BYTES = 500 * MB;
/** Enough to fill DuckDB's cache of the table, which THENA_ENGINE_MEMORY bounds: one file leaves it half empty. */
const SMALL_FILES = 8;
const LARGE_BYTES = Number(VOLUME_GB) * 1000 * MB;
/** Disk space the large upload needs beyond its own size, as a share of it: its table, and the sample it is made of. */
const EXTRA_DISK = 0.4;
const SAMPLE_ROWS = 4_500_000;

interface Volume {
  readonly rows: number;
  readonly bytes: number;
  readonly receivedMbPerSecond: number;
  readonly loadedMbPerSecond: number;
  readonly mainPeakMb: number;
  readonly enginePeakMb: number;
}

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'thena-volume-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

it(`loads a file of ${VOLUME_GB} GB in no more memory than files of 500 MB`, async (t) => {
  if (process.platform !== 'linux') return t.skip('peak memory is read from /proc');
  if (spawnSync('curl', ['--version']).status !== 0) return t.skip('needs curl');
  const { bavail, bsize } = statfsSync(folder);
  const neededBytes = LARGE_BYTES * (1 + EXTRA_DISK) + 2 * SMALL_BYTES;
  if (bavail * bsize < neededBytes) {
    return t.skip(
      `needs ${Math.ceil(neededBytes / 1e9)} GB in ${tmpdir()}, which has ${Math.floor((bavail * bsize) / 1e9)}`,
    );
  }
  const sample = await makeSample();
  const small = await uploads(sample, SMALL_FILES, Math.round(SMALL_BYTES / sample.bodyBytes));
  t.diagnostic(JSON.stringify(small));
  const large = await uploads(sample, 1, Math.round(LARGE_BYTES / sample.bodyBytes));
  t.diagnostic(JSON.stringify(large));
  for (const process of ['mainPeakMb', 'enginePeakMb'] as const) {
    assert.ok(large[process] <= small[process] * 1.2, `${process}: ${large[process]} instead of ${small[process]}`);
  }
});

interface Sample {
  readonly header: string;
  readonly body: string;
  readonly bodyBytes: number;
}

/** Makes the rows that are sent over and over: generating all of them would take longer than loading them. */
async function makeSample(): Promise<Sample> {
  const whole = join(folder, 'sample.csv');
  await writeSample(SAMPLE_ROWS, whole);
  const header = join(folder, 'header.csv');
  const body = join(folder, 'body.csv');
  const cut = 'head -n 1 "$0" > "$1" && tail -n +2 "$0" > "$2" && rm "$0"';
  assert.equal(spawnSync('sh', ['-c', cut, whole, header, body], { stdio: 'inherit' }).status, 0);
  return { header, body, bodyBytes: statSync(body).size };
}

/** Sends this many files, one after another, each with the sample repeated this many times. */
async function uploads({ header, body, bodyBytes }: Sample, files: number, times: number): Promise<Volume> {
  const dataDir = join(folder, `data-${files}`);
  const thena = await startThenaProcess(dataDir, [], { THENA_MAX_UPLOAD_BYTES: '1TiB' });
  const rows = SAMPLE_ROWS * times;
  let receivedMs = 0;
  let loadedMs = 0;
  try {
    for (let file = 0; file < files; file++) {
      const startedAt = performance.now();
      const sent = await send(`${thena.url}/api/v1/customers/large/uploads`, [header, ...Array(times).fill(body)]);
      receivedMs += performance.now() - startedAt;
      const { status, receipt, error } = await ended(`${thena.url}/api/v1/uploads/${sent.id}`);
      loadedMs += performance.now() - startedAt;
      assert.deepEqual([status, receipt?.appended], ['complete', rows], JSON.stringify(error));
    }
    const main = thena.child.pid as number;
    const engine = childOf(main);
    assert.ok(engine);
    const bytes = bodyBytes * times * files;
    return {
      rows: rows * files,
      bytes,
      receivedMbPerSecond: Math.round(bytes / MB / (receivedMs / 1000)),
      loadedMbPerSecond: Math.round(bytes / MB / (loadedMs / 1000)),
      mainPeakMb: Math.round((peakBytes(main) ?? Number.NaN) / MB),
      enginePeakMb: Math.round((peakBytes(engine) ?? Number.NaN) / MB),
    };
  } finally {
    await thena.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Sends files as one upload, whose length curl does not know. */
async function send(url: string, files: readonly string[]): Promise<{ readonly id: string }> {
  const shell = spawn('sh', ['-c', 'url="$0"; cat "$@" | curl -sS -T - "$url"', url, ...files], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let answer = '';
  shell.stdout.on('data', (text: Buffer) => {
    answer += text;
  });
  await new Promise((resolve) => shell.once('close', resolve));
  const reply = JSON.parse(answer);
  assert.ok(reply.id, answer);
  return reply;
}

// biome-ignore lint/suspicious/noExplicitAny: what a server answers is for the test to assert.
async function ended(url: string): Promise<any> {
  for (;;) {
    const { body } = await call(url);
    if (body.finished_at) return body;
    await sleep(100);
  }
}
