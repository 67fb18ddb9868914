/**
 * Runs the same queries in Thena, over HTTP, and in plain DuckDB, alternately; then repeats them from Thena's cache, and
 * compares precomputed answers with a route that does nothing. Compare the ratios and the minima: the machine may be shared.
 *
 *   npm run bench:queries -- [--rows 10000000] [--rounds 7] [--seconds 4]
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { writeSample } from '../harness/sample-file.ts';
import { startThenaProcess, type ThenaProcess } from '../harness/thena-process.ts';
import { tableFile } from '../test/table-file.ts';
import { analyze, median, type Timed, upload } from './measure.ts';
import { type ComparedQuery, QUERIES } from './query-list.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const MEMORY = '512MiB';
const CUSTOMER = 'events';

async function rawDuckDb(child: ChildProcess, sql: string): Promise<Timed> {
  child.send(sql);
  const [timed] = (await once(child, 'message')) as [Timed];
  return timed;
}

/** @returns milliseconds the server has spent on analyses, by its own metrics */
async function spentMs(thena: ThenaProcess): Promise<number> {
  const text = await (await fetch(`${thena.url}/metrics`)).text();
  const line = /^thena_\w*duration_seconds_sum\{[^}]*route="\/api\/v1\/analyze\/"[^}]*\} (\S+)$/m.exec(text);
  return Number(line?.[1] ?? 0) * 1000;
}

/** Without this the first hundred answers would measure how long V8 takes to compile the server. */
async function warmUp(thena: ThenaProcess, raw: ChildProcess): Promise<void> {
  const short = QUERIES.find(({ name }) => name === 'one day by hour and type') as ComparedQuery;
  for (let times = 0; times < 300; times++) {
    await rawDuckDb(raw, short.sql);
    await analyze(thena, CUSTOMER, { query: short.query });
  }
}

async function compare(thena: ThenaProcess, raw: ChildProcess, rounds: number): Promise<void> {
  console.log('query                      DuckDB ms       Thena ms        ratio          more ms');
  console.log('                           least  median   least  median   least median   (medians)');
  for (const { name, query, sql } of QUERIES) {
    const times: { raw: number; thena: number }[] = [];
    // The first round, in which both sides read the file, does not count.
    for (let round = 0; round <= rounds; round++) {
      const [one, other] = [await rawDuckDb(raw, sql), await analyze(thena, CUSTOMER, { query })];
      if (one.rows !== other.rows) throw new Error(`${name}: ${one.rows} rows in DuckDB, ${other.rows} in Thena`);
      if (round > 0) times.push({ raw: one.ms, thena: other.ms });
    }
    const [raws, thenas] = [times.map((each) => each.raw), times.map((each) => each.thena)];
    const [least, middle] = [Math.min(...thenas) / Math.min(...raws), median(thenas) / median(raws)];
    const cells = [Math.min(...raws), median(raws), Math.min(...thenas), median(thenas)].map((ms) =>
      ms.toFixed(1).padStart(7),
    );
    console.log(
      `${name.padEnd(25)}${cells[0]} ${cells[1]} ${cells[2]} ${cells[3]}   ${least.toFixed(2)}  ${middle.toFixed(2)}   ${(median(thenas) - median(raws)).toFixed(1).padStart(6)}`,
    );
  }
}

async function repeat(thena: ThenaProcess): Promise<void> {
  const times: number[] = [];
  for (const { query } of QUERIES as readonly ComparedQuery[]) {
    await analyze(thena, CUSTOMER, { query });
    const before = await spentMs(thena);
    await analyze(thena, CUSTOMER, { query });
    times.push((await spentMs(thena)) - before);
  }
  console.log(
    `\nsecond identical query, in the server   median ${median(times).toFixed(2)} ms, most ${Math.max(...times).toFixed(2)} ms (goal: under 2)`,
  );
}

async function requestsPerSecond(options: autocannon.Options): Promise<number> {
  const result = await autocannon({ connections: 10, ...options });
  if (result.non2xx + result.errors > 0) throw new Error(`${options.url}: ${result.non2xx + result.errors} failed`);
  return result.requests.average;
}

/** Without a log, since requests of the empty route are never logged. */
async function precomputed(dataDir: string, rounds: number, seconds: number): Promise<void> {
  const server = fork(here('./quiet-server.ts'), [dataDir]);
  const [url] = (await once(server, 'message')) as [string];
  const empty = { url: `${url}/healthz`, duration: seconds };
  const answer = {
    url: `${url}/api/v1/analyze/`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer_id: CUSTOMER, analyze_type: 10000 }),
    duration: seconds,
  } as const;
  const pairs: { empty: number; answer: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const pair = { empty: await requestsPerSecond(empty), answer: await requestsPerSecond(answer) };
    if (round > 0) pairs.push(pair);
  }
  server.disconnect();
  await once(server, 'exit');
  const [empties, answers] = [pairs.map((each) => each.empty), pairs.map((each) => each.answer)];
  const ratios = pairs.map((each) => each.answer / each.empty);
  console.log(
    `precomputed answers a second            median ${median(answers).toFixed(0)}, an empty route ${median(empties).toFixed(0)}: ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; goal: at least 0.5)`,
  );
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '4' },
  },
});
const rounds = Number(values.rounds);
const folder = await mkdtemp(join(tmpdir(), 'thena-bench-'));
try {
  const file = join(folder, 'events.csv');
  await writeSample(Number(values.rows), file);
  const data = join(folder, 'data');
  const threads = String(availableParallelism());
  const settings = { THENA_ENGINE_MEMORY: MEMORY, THENA_ENGINE_THREADS: threads };
  let thena = await startThenaProcess(data, [], { ...settings, THENA_RESULT_CACHE: '0' });
  await upload(thena, CUSTOMER, file);
  await thena.end('SIGINT');
  await rm(file);
  const copy = join(folder, 'copy.duckdb');
  await copyFile(tableFile(data, CUSTOMER), copy);

  // Without the cache every query is computed.
  thena = await startThenaProcess(data, [], { ...settings, THENA_RESULT_CACHE: '0' });
  const raw = fork(here('./raw-queries.ts'), [copy, MEMORY, threads]);
  await once(raw, 'message');
  console.log(`${Number(values.rows).toLocaleString('en')} rows, ${rounds} rounds, ${threads} threads\n`);
  await warmUp(thena, raw);
  await compare(thena, raw, rounds);
  raw.disconnect();
  await thena.end('SIGINT');

  thena = await startThenaProcess(data, [], settings);
  await repeat(thena);
  const profile = await analyze(thena, CUSTOMER, { analyze_type: 10003 });
  console.log(`profile of the table                    ${profile.ms.toFixed(0)} ms`);
  await thena.end('SIGINT');
  await precomputed(data, Math.min(rounds, 3), Number(values.seconds));
} finally {
  await rm(folder, { recursive: true, force: true });
}
