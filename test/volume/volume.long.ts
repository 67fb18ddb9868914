import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { childOf } from '../crash/child-of.ts';
import { call } from '../server.ts';
import { startThenaProcess } from '../thena-process.ts';

const { VOLUME_GB = '10' } = process.env;
const MB = 1e6;
const SMALL_BYTES = 500 * MB;
/** Enough to fill DuckDB's cache of the table, whose size THENA_ENGINE_MEMORY limits: one file leaves it half empty. */
const SMALL_FILES = 8;
const LARGE_BYTES = Number(VOLUME_GB) * 1000 * MB;
/** Disk space for the large upload in addition to its own size: its table, and the file that it is made of. */
const OVERHEAD = 0.4;
const SAMPLE_ROWS = 4_500_000;
const SAMPLE = new URL('../../scripts/sample.ts', import.meta.url).pathname;

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

it(`loads a file of ${VOLUME_GB} GB with no more memory than files of 500 MB`, async (t) => {
  if (process.platform !== 'linux') return t.skip('needs /proc to read the peaks of memory');
  if (spawnSync('curl', ['--version']).status !== 0) return t.skip('needs curl');
  const { bavail, bsize } = statfsSync(folder);
  const neededBytes = LARGE_BYTES * (1 + OVERHEAD) + 2 * SMALL_BYTES;
  if (bavail * bsize < neededBytes) {
    return t.skip(
      `needs ${Math.ceil(neededBytes / 1e9)} GB in ${tmpdir()}, which has ${Math.floor((bavail * bsize) / 1e9)}`,
    );
  }
  const sample = makeSample();
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

/** Rows that are sent again and again: generating all of them would take longer than loading them. */
function makeSample(): Sample {
  const whole = join(folder, 'sample.csv');
  const file = openSync(whole, 'w');
  const made = spawnSync(process.execPath, [SAMPLE, '--rows', String(SAMPLE_ROWS)], {
    stdio: ['ignore', file, 'inherit'],
  });
  closeSync(file);
  assert.equal(made.status, 0);
  const header = join(folder, 'header.csv');
  const body = join(folder, 'body.csv');
  const cut = 'head -n 1 "$0" > "$1" && tail -n +2 "$0" > "$2" && rm "$0"';
  assert.equal(spawnSync('sh', ['-c', cut, whole, header, body], { stdio: 'inherit' }).status, 0);
  return { header, body, bodyBytes: statSync(body).size };
}

/** Sends files one after the other, each with the sample repeated `times` times. */
async function uploads({ header, body, bodyBytes }: Sample, files: number, times: number): Promise<Volume> {
  const dataDir = join(folder, `data-${files}`);
  const thena = await startThenaProcess(dataDir, [], { THENA_MAX_UPLOAD_BYTES: '1TiB' });
  const rows = SAMPLE_ROWS * times;
  let receivedMs = 0;
  let loadedMs = 0;
  try {
    for (let file = 0; file < files; file++) {
      const began = performance.now();
      const sent = await send(`${thena.url}/api/v1/customers/large/uploads`, [header, ...Array(times).fill(body)]);
      receivedMs += performance.now() - began;
      const { status, receipt, error } = await ended(`${thena.url}/api/v1/uploads/${sent.id}`);
      loadedMs += performance.now() - began;
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
      mainPeakMb: peakMb(main),
      enginePeakMb: peakMb(engine),
    };
  } finally {
    await thena.end('SIGTERM');
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Sends several files as one, whose length curl does not know. */
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

// biome-ignore lint/suspicious/noExplicitAny: tests assert what a server answers.
async function ended(url: string): Promise<any> {
  for (;;) {
    const { body } = await call(url);
    if (body.finished_at) return body;
    await sleep(100);
  }
}

/** The peak memory of a process. */
function peakMb(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round((Number(kib) * 1024) / MB);
}
