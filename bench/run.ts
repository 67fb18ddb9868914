/**
 * Loads the same file into Thena and into plain DuckDB, alternately. Compare the ratios: on a shared machine, single times
 * mean little.
 *
 *   npm run bench -- [--rows 10000000] [--rounds 5]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { writeSample } from '../harness/sample-file.ts';
import { startThenaProcess, type ThenaProcess } from '../harness/thena-process.ts';
import { analyze, median, peakMemory, upload } from './measure.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const run = promisify(execFile);
const MIB = 1024 * 1024;
const TIME_DIFFERENCE = { analyze_type: 10000 };

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Both sides are timed as whole commands: the process that runs DuckDB, and curl. */
async function rawDuckDb(file: string, folder: string): Promise<{ readonly ms: number; readonly peakBytes: number }> {
  const database = join(folder, 'raw.duckdb');
  const startedAt = performance.now();
  const { stdout } = await run(process.execPath, [here('./raw-duckdb.ts'), file, database]);
  const ms = performance.now() - startedAt;
  await rm(database);
  return { ms, ...JSON.parse(stdout) };
}

/** Requests a precomputed answer every 20 ms. @returns a function that stops this and returns the milliseconds of each */
function startProbing(thena: ThenaProcess, customer: string): () => Promise<readonly number[]> {
  const times: number[] = [];
  let probing = true;
  const done = (async () => {
    while (probing) {
      times.push((await analyze(thena, customer, TIME_DIFFERENCE)).ms);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return async () => {
    probing = false;
    await done;
    return times;
  };
}

async function precomputedAnswers(thena: ThenaProcess, customers: readonly string[], requests: number) {
  const times = new Map(customers.map((customer): [string, number[]] => [customer, []]));
  for (let request = 0; request < requests; request++) {
    for (const [customer, list] of times) list.push((await analyze(thena, customer, TIME_DIFFERENCE)).ms);
  }
  return customers.map((customer) => median(times.get(customer)?.slice(requests / 5) ?? []));
}

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '10000000' }, rounds: { type: 'string', default: '5' } },
});
const rows = Number(values.rows);
const rounds = Number(values.rounds);
const folder = await mkdtemp(join(tmpdir(), 'thena-bench-'));
try {
  const file = join(folder, 'events.csv');
  const small = join(folder, 'small.csv');
  await writeSample(rows, file);
  const { size: bytes } = await stat(file);
  await writeSample(10_000, small);
  console.log(`${rows.toLocaleString('en')} rows, ${(bytes / MIB).toFixed(0)} MiB, ${rounds} rounds\n`);

  const thena = await startThenaProcess(join(folder, 'data'));
  await upload(thena, 'small', small);
  const ratios: number[] = [];
  const times: { raw: number; thena: number }[] = [];
  let rawPeak = 0;
  for (let round = 0; round < rounds; round++) {
    const raw = await rawDuckDb(file, folder);
    const ms = await upload(thena, `round-${round}`, file);
    rawPeak = Math.max(rawPeak, raw.peakBytes);
    ratios.push(ms / raw.ms);
    times.push({ raw: raw.ms, thena: ms });
    console.log(
      `round ${round + 1}: DuckDB ${raw.ms.toFixed(0)} ms, Thena ${ms.toFixed(0)} ms, ratio ${(ms / raw.ms).toFixed(2)}`,
    );
  }
  const speed = (ms: number): string => `${(bytes / MIB / (ms / 1000)).toFixed(0)} MiB/s`;
  // Once more with requests during the load, which would distort the ratio.
  const stopProbing = startProbing(thena, 'small');
  await upload(thena, 'probed', file);
  const during = await stopProbing();
  const memory = peakMemory(thena);
  const mib = (size: number | undefined): string => (size === undefined ? 'unknown' : `${(size / MIB).toFixed(0)} MiB`);
  const [atSmall = Number.NaN, atLarge = Number.NaN] = await precomputedAnswers(thena, ['small', 'round-0'], 1000);
  await thena.end('SIGINT');
  console.log(`
upload to queryable   DuckDB ${speed(median(times.map(({ raw }) => raw)))}, Thena ${speed(median(times.map(({ thena: ms }) => ms)))}
ratio to DuckDB       median ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; goal: at most 1.5)
peak memory           main ${mib(memory?.main)}, engine ${mib(memory?.engine)}, DuckDB ${mib(rawPeak)}
precomputed answer    ${atSmall.toFixed(2)} ms at 10 thousand rows, ${atLarge.toFixed(2)} ms at ${rows.toLocaleString('en')}: ratio ${(atLarge / atSmall).toFixed(2)} (goal: at most 1.3)
  while loading       median ${median(during).toFixed(1)} ms, p99 ${quantile(during, 0.99).toFixed(1)} ms (goal: under 50), ${during.length} requests`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
