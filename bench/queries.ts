/**
 * Queries of Thena's over HTTP side by side with the same ones in raw DuckDB, in turn; then the same again from memory, and
 * standing answers beside a route that does nothing. Read the ratios and the minima: the machine may be shared.
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
import { median, upload } from './measure.ts';
import { type ComparedQuery, QUERIES } from './query-list.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const MEMORY = '512MiB';
const CUSTOMER = 'events';

interface Timed {
  readonly ms: number;
  readonly rows: number;
}

async function rawDuckDb(child: ChildProcess, sql: string): Promise<Timed> {
  child.send(sql);
  const [timed] = (await once(child, 'message')) as [Timed];
  return timed;
}

async function ask(thena: ThenaProcess, question: object): Promise<Timed> {
  const startedAt = performance.now();
  const response = await fetch(`${thena.url}/api/v1/analyze/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ customer_id: CUSTOMER, ...question }),
  });
  const text = await response.text();
  const ms = performance.now() - startedAt;
  if (!response.ok) throw new Error(text);
  return { ms, rows: JSON.parse(text).result.rows?.length ?? 0 };
}

/** Milliseconds that the server has spent on analyses, by its own watch. */
async function spent(thena: ThenaProcess): Promise<number> {
  const text = await (await fetch(`${thena.url}/metrics`)).text();
  const line = /^thena_\w*duration_seconds_sum\{[^}]*route="\/api\/v1\/analyze\/"[^}]*\} (\S+)$/m.exec(text);
  return Number(line?.[1] ?? 0) * 1000;
}

/** A server has answered before: without this the first hundred answers would tell how long V8 takes to compile it. */
async function warmUp(thena: ThenaProcess, raw: ChildProcess): Promise<void> {
  const short = QUERIES.find(({ name }) => name === 'a day by hour and type') as ComparedQuery;
  for (let times = 0; times < 300; times++) {
    await rawDuckDb(raw, short.sql);
    await ask(thena, { query: short.query });
  }
}

async function compare(thena: ThenaProcess, raw: ChildProcess, rounds: number): Promise<void> {
  console.log('query                      raw ms          Thena ms        ratio          more ms');
  console.log('                           least  median   least  median   least median   (medians)');
  for (const { name, query, sql } of QUERIES) {
    const times: { raw: number; thena: number }[] = [];
    // The first round is not counted: both sides read the file then.
    for (let round = 0; round <= rounds; round++) {
      const [one, other] = [await rawDuckDb(raw, sql), await ask(thena, { query })];
      if (one.rows !== other.rows) throw new Error(`${name}: ${one.rows} rows, and ${other.rows} of Thena's`);
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

async function again(thena: ThenaProcess): Promise<void> {
  const times: number[] = [];
  for (const { query } of QUERIES as readonly ComparedQuery[]) {
    await ask(thena, { query });
    const before = await spent(thena);
    await ask(thena, { query });
    times.push((await spent(thena)) - before);
  }
  console.log(
    `\nsecond identical query, in the server   median ${median(times).toFixed(2)} ms, most ${Math.max(...times).toFixed(2)} ms (under 2 is wanted)`,
  );
}

async function requestsPerSecond(options: autocannon.Options): Promise<number> {
  const result = await autocannon({ connections: 10, ...options });
  if (result.non2xx + result.errors > 0) throw new Error(`${options.url}: ${result.non2xx + result.errors} failed`);
  return result.requests.average;
}

/** Requests of the empty route are never logged, so that those of the others are not here. */
async function standing(dataDir: string, rounds: number, seconds: number): Promise<void> {
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
    `standing answers a second               median ${median(answers).toFixed(0)}, an empty route ${median(empties).toFixed(0)}: ratio ${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}; at least 0.5 is wanted)`,
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
  await copyFile(join(data, 'tables', `${CUSTOMER}.duckdb`), copy);

  // Without kept results every query is computed.
  thena = await startThenaProcess(data, [], { ...settings, THENA_RESULT_CACHE: '0' });
  const raw = fork(here('./raw-queries.ts'), [copy, MEMORY, threads]);
  await once(raw, 'message');
  console.log(`${Number(values.rows).toLocaleString('en')} rows, ${rounds} rounds, ${threads} threads\n`);
  await warmUp(thena, raw);
  await compare(thena, raw, rounds);
  raw.disconnect();
  await thena.end('SIGINT');

  thena = await startThenaProcess(data, [], settings);
  await again(thena);
  const profile = await ask(thena, { analyze_type: 10003 });
  console.log(`profile of the table                    ${profile.ms.toFixed(0)} ms`);
  await thena.end('SIGINT');
  await standing(data, Math.min(rounds, 3), Number(values.seconds));
} finally {
  await rm(folder, { recursive: true, force: true });
}
