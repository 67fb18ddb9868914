/**
 * Loads the same file into a table of Thena on ClickHouse, and with ClickHouse's own `INSERT … FORMAT CSVWithNames` over HTTP,
 * alternately, on a server of the tests. Compare the ratios: on a shared machine, single times mean little.
 *
 * Measures the table store alone: the file is already cut into segments, as it is while it is being received.
 *
 *   npm run bench:clickhouse -- [--rows 10000000] [--rounds 5] [--shards 1]
 */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { writeSample } from '../harness/sample-file.ts';
import { RecordCutter } from '../src/csv/record-cutter.ts';
import type { CsvSegment, CsvSource } from '../src/csv/segment.ts';
import { EngineClient } from '../src/engine/engine-client.ts';
import { clickhouseLoads } from '../src/table-store/clickhouse/clickhouse-loads.ts';
import { ClickhouseServers } from '../src/table-store/clickhouse/clickhouse-servers.ts';
import { columns, parsedFile, tableOf } from '../test/builders.ts';
import { CLUSTER, startClickhouse } from '../test/cluster/clickhouse-server.ts';
import { median } from './measure.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const SEGMENT_BYTES = 64 * MIB;
const COLUMNS = columns({
  occurred_at: 'timestamp',
  event_id: 'integer',
  event_type: 'text',
  country: 'text',
  amount: 'number',
});
const RAW_TABLE =
  'CREATE TABLE raw (occurred_at DateTime64(6), event_id Int64, event_type LowCardinality(String), country LowCardinality(String), amount Float64) ENGINE = MergeTree ORDER BY tuple()';

/** Cuts the records of a file, without its header, into segments. */
async function cutFile(file: string, folder: string): Promise<readonly CsvSegment[]> {
  const cutter = new RecordCutter({ columns: 5, newline: '\n', delimiter: ',', quote: '"', firstLine: 2 });
  const segments: CsvSegment[] = [];
  let parts: Buffer[] = [];
  let records = 0;
  const seal = async (): Promise<void> => {
    const text = Buffer.concat(parts);
    parts = [];
    const path = join(folder, `${segments.length}.csv`);
    const written = await open(path, 'w');
    await written.writeFile(text);
    await written.close();
    const found = { records: cutter.records - records, irregular: cutter.takeIrregular(), shapes: cutter.takeShapes() };
    segments.push({
      path,
      bytes: text.length,
      multiline: false,
      blankLines: false,
      textAfterQuotes: false,
      firstLine: 2 + records,
      ...found,
    });
    records = cutter.records;
  };
  let start = (await firstLine(file)).length;
  let bytes = 0;
  for await (const chunk of createReadStream(file, { start, highWaterMark: 256 * 1024 })) {
    const cut = cutter.push(chunk as Buffer);
    parts.push(Buffer.from(cut.bytes.subarray(0, cut.lastRecordEnd)));
    bytes += cut.bytes.length;
    if (bytes >= SEGMENT_BYTES && cut.lastRecordEnd > 0) {
      await seal();
      bytes = 0;
    }
    parts.push(Buffer.from(cut.bytes.subarray(cut.lastRecordEnd)));
    start += cut.bytes.length;
  }
  await seal();
  return segments.filter((segment) => segment.records > 0);
}

async function firstLine(file: string): Promise<string> {
  for await (const chunk of createReadStream(file, { encoding: 'utf8', end: 1000 })) {
    return String(chunk).slice(0, String(chunk).indexOf('\n') + 1);
  }
  return '';
}

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '5' },
    shards: { type: 'string', default: '1' },
  },
});
const [rows, rounds, shards] = [values.rows, values.rounds, values.shards].map(Number) as [number, number, number];
const folder = await mkdtemp(join(tmpdir(), 'thena-bench-'));
const test = await startClickhouse({ shards });
const servers = new ClickhouseServers({ urls: test.urls, cluster: shards > 1 ? CLUSTER : null });
const engine = new EngineClient(
  { directories: [folder], tempDirectory: folder, memoryBytes: 512 * MIB, threads: 2, openTables: 2 },
  () => undefined,
);
try {
  const file = join(folder, 'events.csv');
  await writeSample(rows, file);
  const { size } = await stat(file);
  const segments = await cutFile(file, folder);
  console.log(`${rows.toLocaleString('en')} rows, ${(size / MIB).toFixed(0)} MiB, ${segments.length} segments\n`);
  const dialect = { delimiter: ',', quote: '"', header: true };
  const source: CsvSource = { dialect, columns: COLUMNS.map(({ name }) => name), segments };
  const making = { engine: 'MergeTree', onCluster: null };
  const store = clickhouseLoads({ servers, making, engine, tempDirectory: folder });
  await engine.start();

  const load = async (of: CsvSource): Promise<number> => {
    const table = tableOf('bench');
    const startedAt = performance.now();
    const load = { ...table, tag: 1, columns: COLUMNS, file: parsedFile(COLUMNS), timeColumn: 'occurred_at' };
    const session = await store.begin({ ...load, create: true });
    await session.append(of);
    const summary = await session.commit();
    const ms = performance.now() - startedAt;
    if (summary.rows !== of.segments.reduce((sum, { records }) => sum + records, 0))
      throw new Error('rows are missing');
    await store.drop(table);
    return ms;
  };
  const loadRaw = async (): Promise<number> => {
    const [shard] = servers.shards;
    await shard.run(RAW_TABLE);
    const startedAt = performance.now();
    const query = encodeURIComponent('INSERT INTO raw FORMAT CSVWithNames');
    // With the name of a file, curl would add it to the path.
    const curl = `curl -sS --fail-with-body -X POST -T - '${test.urls[0]}/?query=${query}' < '${file}'`;
    await run('sh', ['-c', curl]);
    const ms = performance.now() - startedAt;
    await shard.run('DROP TABLE raw SYNC');
    return ms;
  };

  await load({ ...source, segments: segments.slice(0, 1) });
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const raw = await loadRaw();
    const thena = await load(source);
    ratios.push(thena / raw);
    console.log(
      `ClickHouse ${(raw / 1000).toFixed(2)} s, table store ${(thena / 1000).toFixed(2)} s: ${(thena / raw).toFixed(2)}`,
    );
  }
  const judged = await load({
    ...source,
    segments: segments.slice(0, 1).map((segment) => ({ ...segment, shapes: [] })),
  });
  const direct = await load({ ...source, segments: segments.slice(0, 1) });
  console.log(`\nmedian of the ratios: ${median(ratios).toFixed(2)}`);
  console.log(`one segment, each value judged: ${(judged / direct).toFixed(2)} times as long as directly`);
} finally {
  await engine.close();
  await servers.close();
  await test.remove();
  await rm(folder, { recursive: true, force: true });
}
