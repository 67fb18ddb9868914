/**
 * Exports the same rows from Thena on ClickHouse, from Thena on DuckDB, and by ClickHouse's own formats, alternately, all with curl, and reads a page at
 * the beginning and one at the end of the table. ClickHouse's formats differ from Thena's: it quotes all texts, and writes times without a zone.
 *
 *   npm run bench:clickhouse-exports -- [--rows 10000000] [--rounds 3] [--shards 1]
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { writeSample } from '../harness/sample-file.ts';
import { startThenaProcess } from '../harness/thena-process.ts';
import { CLUSTER } from '../test/cluster/clickhouse-server.ts';
import { startCluster } from '../test/cluster/start-cluster.ts';
import { upload } from './measure.ts';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const CUSTOMER = 'bench';
/** The formats, and what ClickHouse calls them. */
const FORMATS = { csv: 'CSV', ndjson: 'JSONEachRow', arrow: 'ArrowStream', parquet: 'Parquet' } as const;
const RAW_TABLE =
  'CREATE TABLE raw (occurred_at DateTime64(6), event_id Int64, event_type LowCardinality(String), country LowCardinality(String), amount Float64) ENGINE = MergeTree ORDER BY occurred_at';
const PAGE_ROWS = 1000;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '3' },
    shards: { type: 'string', default: '1' },
  },
});
const [rows, rounds, shards] = [values.rows, values.rounds, values.shards].map(Number) as [number, number, number];

interface Received {
  readonly ms: number;
  readonly bytes: number;
}

/** Requests a URL with curl, as users do, and discards the body. */
async function receive(url: string): Promise<Received> {
  const { stdout } = await run('curl', [
    '-sS',
    '--fail-with-body',
    '-o',
    '/dev/null',
    '-w',
    '%{time_total} %{size_download}',
    url,
  ]);
  const [seconds = 0, bytes = 0] = stdout.split(' ').map(Number);
  return { ms: seconds * 1000, bytes };
}

const folder = await mkdtemp(join(tmpdir(), 'thena-bench-'));
const cluster = await startCluster({ shards });
const embedded = await startThenaProcess(join(folder, 'embedded'));
try {
  const node = await cluster.startNodeProcess('bench');
  const file = join(folder, 'events.csv');
  await writeSample(rows, file);
  await upload(node, CUSTOMER, file);
  await upload(embedded, CUSTOMER, file);
  const { urls } = cluster.servers.clickhouse;
  const [first = ''] = urls;
  const path = `/api/v1/customers/${CUSTOMER}`;
  for (const url of urls) {
    const send = async (sql: string): Promise<string> =>
      (await run('curl', ['-sS', '--fail-with-body', url, '-d', sql])).stdout.trim();
    await send(RAW_TABLE);
    const table = await send(
      `SELECT database || '.' || name FROM system.tables WHERE startsWith(name, '${CUSTOMER}_')`,
    );
    await send(`INSERT INTO raw SELECT fromUnixTimestamp64Micro(assumeNotNull(c0)), c1, c2, c3, c4 FROM ${table}`);
  }
  const source = shards > 1 ? `cluster('${CLUSTER}', 'default', 'raw')` : 'raw';

  console.log(
    `${rows.toLocaleString('en')} rows, ${rounds} rounds, ${shards} shards; seconds and MiB/s of the least times\n`,
  );
  console.log('format     ClickHouse        Thena on ClickHouse   Thena on DuckDB');
  for (const [format, name] of Object.entries(FORMATS)) {
    const query = encodeURIComponent(`SELECT * FROM ${source} ORDER BY occurred_at FORMAT ${name}`);
    const sides = [
      `${first}/?query=${query}`,
      ...[node, embedded].map(({ url }) => `${url}${path}/export?format=${format}`),
    ];
    const received: Received[][] = sides.map(() => []);
    for (let round = 0; round <= rounds; round++)
      for (const [side, url] of sides.entries()) {
        // Thena keeps a file of Parquet for a while.
        const other = side > 0 && format === 'parquet' ? `&where=event_id>=-${round}` : '';
        const one = await receive(url + other);
        // The first round, in which all sides read the files, does not count.
        if (round > 0) received[side]?.push(one);
      }
    const cells = received.map((each) => {
      const ms = Math.min(...each.map((one) => one.ms));
      const speed = (each[0]?.bytes ?? 0) / MIB / (ms / 1000);
      return `${(ms / 1000).toFixed(2).padStart(6)} s ${speed.toFixed(0).padStart(4)} MiB/s`;
    });
    console.log(`${format.padEnd(9)}${cells.join('    ')}`);
  }

  console.log(`\n${PAGE_ROWS} rows      beginning       end`);
  for (const [name, { url }] of [
    ['ClickHouse', node],
    ['DuckDB', embedded],
  ] as const) {
    const times: number[][] = [[], []];
    for (let round = 0; round < 10 * rounds; round++)
      for (const [place, offset] of [0, rows - PAGE_ROWS].entries())
        times[place]?.push((await receive(`${url}${path}/table/rows?limit=${PAGE_ROWS}&offset=${offset}`)).ms);
    console.log(
      `${name.padEnd(15)}${times
        .map(
          (each) =>
            `${Math.min(...each)
              .toFixed(1)
              .padStart(6)} ms`,
        )
        .join('    ')}`,
    );
  }
} finally {
  await embedded.end('SIGTERM');
  await cluster.close();
  await rm(folder, { recursive: true, force: true });
}
