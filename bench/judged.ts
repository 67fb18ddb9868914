/**
 * Uploads files with values that have to be judged, because their shapes do not make them certain, and files with the same rows that DuckDB or
 * ClickHouse reads as they are, alternately. Prints how many times as long the former take, from the first byte to the committed rows, and how
 * many times the processor time.
 *
 *   npm run bench:judged -- [--store duckdb | clickhouse] [--rows 3000000] [--rounds 3] [--only text in the name]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { familyTimes } from '../harness/processor-time.ts';
import { startThenaProcess } from '../harness/thena-process.ts';
import { startCluster } from '../test/cluster/start-cluster.ts';
import { JUDGED_FILES, writeRows } from './judged-files.ts';
import { median, upload } from './measure.ts';

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: 'duckdb' },
    rows: { type: 'string', default: '3000000' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
  },
});
const [rows, rounds] = [Number(values.rows), Number(values.rounds)];
const folder = mkdtempSync(join(tmpdir(), 'thena-bench-'));
const cluster = values.store === 'clickhouse' ? await startCluster({ shards: 1 }) : null;
const thena = cluster ? await cluster.startNodeProcess('node') : await startThenaProcess(join(folder, 'data'));
let uploads = 0;

/** Processor seconds of all processes so far. */
const spent = (): number => familyTimes().reduce((sum, { seconds }) => sum + seconds, 0);

async function measure(file: string, options = ''): Promise<{ readonly ms: number; readonly processor: number }> {
  const before = spent();
  const ms = await upload(thena, `customer-${uploads++}`, file, options);
  return { ms, processor: spent() - before };
}

try {
  console.log(`${rows.toLocaleString('en')} rows on ${values.store}, ${rounds} rounds`);
  console.log('least times, median of the ratios; processor seconds\n');
  for (const file of JUDGED_FILES.filter(({ name }) => name.includes(values.only))) {
    const [judged, certain] = [join(folder, 'judged.csv'), join(folder, 'certain.csv')];
    await writeRows(judged, file, 'judged', rows);
    await writeRows(certain, file, 'certain', rows);
    const runs: { judged: Awaited<ReturnType<typeof measure>>; certain: Awaited<ReturnType<typeof measure>> }[] = [];
    for (let round = 0; round < rounds; round++)
      runs.push({ judged: await measure(judged, file.options), certain: await measure(certain) });
    const least = (pick: (run: (typeof runs)[number]) => number): number => Math.min(...runs.map(pick));
    const [slow, direct] = [least((run) => run.judged.ms), least((run) => run.certain.ms)];
    const [slowProcessor, directProcessor] = [
      least((run) => run.judged.processor),
      least((run) => run.certain.processor),
    ];
    const ratio = median(runs.map((run) => run.judged.ms / run.certain.ms));
    const times = `${(slow / 1000).toFixed(2)} s / ${(direct / 1000).toFixed(2)} s = ${(slow / direct).toFixed(2)} (${ratio.toFixed(2)})`;
    const processor = `${slowProcessor.toFixed(1)} / ${directProcessor.toFixed(1)} = ${(slowProcessor / directProcessor).toFixed(2)}`;
    console.log(`${file.name.padEnd(58)} ${times.padEnd(34)} ${processor}`);
  }
} finally {
  await thena.end('SIGINT');
  await cluster?.close();
  rmSync(folder, { recursive: true, force: true });
}
