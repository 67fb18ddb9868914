/**
 * Measures what a table costs as it grows: time of an upload, peak memory, disk space per row, and time of each answer, for
 * 10,000 rows and each further power of ten, each on a freshly started Thena. Writes measured.json and curve.svg.
 *
 *   npm run bench:costs -- [--most 10000000] [--out docs/costs]     # --most 100000000 needs 15 GB in the temporary folder
 *   npm run bench:costs -- --draw                                    # curve.svg again, from measured.json
 */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { writeSample } from '../harness/sample-file.ts';
import { startThenaProcess, type ThenaProcess } from '../harness/thena-process.ts';
import { type Costs, drawCosts, type Measured } from './cost-curve.ts';
import { analyze, median, peakMemory, upload } from './measure.ts';
import { QUERIES } from './query-list.ts';

const LEAST_ROWS = 10_000;
const CUSTOMER = 'costs';
/** Every answer is computed, however long that takes. */
const SETTINGS = { THENA_RESULT_CACHE: '0', THENA_ANALYSIS_SECONDS: '3600' };
/** Of `npm run sample`, whose event_id counts from here. */
const FIRST_EVENT_ID = 10_000_000;
/** Before they are measured, answers are repeated this long: the first ones also measure how V8 compiles the server. */
const WARM_UP_MS = 500;
/** The number of measured runs, unless they take longer than {@link REPEAT_MS}. */
const REPEATS = 9;
const REPEAT_MS = 10_000;

/** Prepares each answer. @returns a function that requests it and returns the milliseconds */
const ANSWERS: Readonly<Record<string, (thena: ThenaProcess, rows: number) => Promise<() => Promise<number>>>> = {
  time_difference: analysis({ analyze_type: 10000 }),
  total_rows: analysis({ analyze_type: 10001 }),
  time_span: analysis({ analyze_type: 10002 }),
  profile: analysis({ analyze_type: 10003 }),
  rows_over_time: analysis({ analyze_type: 10004 }),
  top_values: analysis({ analyze_type: 10005, column: 'country' }),
  group_by: analysis({ query: QUERIES.find(({ name }) => name === 'measures by type')?.query }),
  last_page: async (thena, rows) => {
    const url = `${thena.url}/api/v1/customers/${CUSTOMER}/table/rows`;
    // Any request for rows accepts the cursor behind a row that a condition found.
    const late = JSON.stringify({ column: 'event_id', op: '=', value: FIRST_EVENT_ID + rows - 200 });
    let page = await json(`${url}?limit=1&where=${encodeURIComponent(late)}`);
    while (page.rows.length === 0 && page.next_cursor !== null) {
      page = await json(`${url}?limit=1&where=${encodeURIComponent(late)}&cursor=${page.next_cursor}`);
    }
    if (page.next_cursor === null) throw new Error('no cursor behind the late row');
    return () => timed(() => json(`${url}?limit=100&cursor=${page.next_cursor}`));
  },
  export_csv: async ({ url }) => {
    const address = `${url}/api/v1/customers/${CUSTOMER}/table/export?format=csv`;
    return () =>
      timed(async () => {
        const { body, ok } = await fetch(address);
        if (!ok || !body) throw new Error('the export failed');
        for await (const _ of body);
      });
  },
};

function analysis(request: object): (thena: ThenaProcess) => Promise<() => Promise<number>> {
  return async (thena) => async () => (await analyze(thena, CUSTOMER, request)).ms;
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is that of the API.
async function json(url: string): Promise<any> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** @returns the median of several runs, or the only run if it takes very long */
async function repeated(run: () => Promise<number>): Promise<number> {
  for (let warmed = 0; warmed < WARM_UP_MS; ) {
    const ms = await run();
    if (ms > REPEAT_MS) return ms;
    warmed += ms;
  }
  const times: number[] = [];
  const until = performance.now() + REPEAT_MS;
  while (times.length < REPEATS && (times.length === 0 || performance.now() < until)) times.push(await run());
  return median(times);
}

async function folderBytes(folder: string): Promise<number> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const sizes = await Promise.all(files.map(async (file) => (await stat(join(file.parentPath, file.name))).size));
  return sizes.reduce((total, size) => total + size, 0);
}

async function measure(rows: number): Promise<Costs> {
  const folder = await mkdtemp(join(tmpdir(), 'thena-costs-'));
  try {
    const [file, data] = [join(folder, 'events.csv'), join(folder, 'data')];
    await writeSample(rows, file);
    const { size: csvBytes } = await stat(file);
    const thena = await startThenaProcess(data, [], SETTINGS);
    const uploadMs = await upload(thena, CUSTOMER, file);
    const loading = peakMemory(thena);
    await rm(file);
    const answersMs: Record<string, number | null> = {};
    for (const [name, prepare] of Object.entries(ANSWERS)) {
      try {
        answersMs[name] = round(await repeated(await prepare(thena, rows)));
      } catch (error) {
        console.error(`${name} of ${rows} rows failed: ${error}`);
        answersMs[name] = null;
      }
    }
    const peak = peakMemory(thena);
    await thena.end('SIGINT');
    return {
      rows,
      csvBytes,
      uploadMs: round(uploadMs),
      uploadPeakBytes: loading,
      peakBytes: peak,
      diskBytesPerRow: round((await folderBytes(join(data, 'tables'))) / rows),
      answersMs,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** To three significant digits: more are noise. */
function round(value: number): number {
  return Number(value.toPrecision(3));
}

async function measureAll(most: number): Promise<Measured> {
  const sizes: Costs[] = [];
  for (let rows = LEAST_ROWS; rows <= most; rows *= 10) {
    const costs = await measure(rows);
    console.log(JSON.stringify(costs));
    sizes.push(costs);
  }
  return {
    measuredOn: new Date().toISOString().slice(0, 10),
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      system: `${process.platform} ${process.arch}`,
      node: process.versions.node,
    },
    sizes,
  };
}

const { values } = parseArgs({
  options: {
    most: { type: 'string', default: '10000000' },
    out: { type: 'string', default: fileURLToPath(new URL('../docs/costs', import.meta.url)) },
    draw: { type: 'boolean', default: false },
  },
});
const most = Number(values.most);
if (!Number.isSafeInteger(most) || most < LEAST_ROWS) throw new Error(`--most must be at least ${LEAST_ROWS} rows`);
const results = join(values.out, 'measured.json');
const measured = values.draw ? (JSON.parse(await readFile(results, 'utf8')) as Measured) : await measureAll(most);
await mkdir(values.out, { recursive: true });
if (!values.draw) await writeFile(results, `${JSON.stringify(measured, null, 2)}\n`);
await writeFile(join(values.out, 'curve.svg'), drawCosts(measured));
