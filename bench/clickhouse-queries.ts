/**
 * Runs the ten queries of `query-list.ts` in Thena's table store on ClickHouse, and in the SQL that a person would write for a table of ClickHouse's
 * own types with the same rows, alternately, on a server of the tests. Compare the ratios: on a shared machine, single times mean little.
 *
 * Any field of a file may be empty, so that all columns of that table but its key can be null, as those of Thena are. With --not-null none can, which
 * such a table could only be if no file ever had an empty field.
 *
 *   npm run bench:clickhouse-queries -- [--rows 10000000] [--rounds 5] [--shards 1] [--not-null]
 */
import { parseArgs } from 'node:util';
import { planQuery } from '../src/analysis/plan-query.ts';
import { RequestPart } from '../src/analysis/request-part.ts';
import type { EngineClient } from '../src/engine/engine-client.ts';
import { clickhouseReads } from '../src/table-store/clickhouse/clickhouse-reads.ts';
import { ClickhouseServers } from '../src/table-store/clickhouse/clickhouse-servers.ts';
import { createTableSql, FEW_TEXTS, storedTypes } from '../src/table-store/clickhouse/physical-table.ts';
import { tableOf, tableState } from '../test/builders.ts';
import { CLUSTER, startClickhouse } from '../test/cluster/clickhouse-server.ts';
import { median } from './measure.ts';
import { QUERIES } from './query-list.ts';

const TYPES = {
  occurred_at: 'timestamp',
  event_id: 'integer',
  event_type: 'text',
  country: 'text',
  amount: 'number',
} as const;
/** By the names of the queries. `events` is what is read of the table. */
const BY_HAND: Readonly<Record<string, string>> = {
  'totals of the table': 'SELECT count(), sum(amount), avg(amount) FROM events',
  'measures by type':
    'SELECT event_type, avg(amount), min(amount), max(amount), stddevSampStable(amount) FROM events GROUP BY event_type ORDER BY event_type',
  'top five countries':
    "SELECT country, sum(amount) AS total FROM events WHERE event_type = 'purchase' GROUP BY country ORDER BY total DESC LIMIT 5",
  'rows per day': 'SELECT toStartOfDay(occurred_at) AS day, count() FROM events GROUP BY day ORDER BY day',
  'rows per day in Berlin':
    "SELECT toStartOfDay(occurred_at, 'Europe/Berlin') AS day, count() FROM events GROUP BY day ORDER BY day",
  'one day by hour and type':
    "SELECT toStartOfHour(occurred_at) AS hour, event_type, count(), sum(amount) FROM events WHERE occurred_at >= '2024-02-01' AND occurred_at < '2024-02-02' GROUP BY hour, event_type ORDER BY hour, event_type",
  'distinct IDs by country': 'SELECT country, uniqExact(event_id) FROM events GROUP BY country ORDER BY country',
  'median, 95th percentile':
    'SELECT event_type, quantilesExactInclusive(0.5, 0.95)(amount) FROM events GROUP BY event_type ORDER BY event_type',
  'filters and having':
    "SELECT event_type, country, count() AS rows FROM events WHERE event_type LIKE '%_in' AND country IN ('DE', 'FR', 'JP') AND amount BETWEEN 100 AND 5000 GROUP BY event_type, country HAVING rows > 1000 ORDER BY event_type, country",
  'latest amount by country':
    'SELECT country, argMax(amount, occurred_at) FROM events GROUP BY country ORDER BY country',
};

/** The time of the first row. */
const START = BigInt(Date.UTC(2024, 0, 1)) * 1000n;

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '5' },
    shards: { type: 'string', default: '1' },
    'not-null': { type: 'boolean', default: false },
  },
});
const [rows, rounds, shards] = [Number(values.rows), Number(values.rounds), Number(values.shards)];
/** A type of the table by hand. */
const own = (type: string): string => (values['not-null'] ? type : `Nullable(${type})`);

const running = await startClickhouse({ shards });
const servers = new ClickhouseServers({ urls: running.urls, cluster: shards > 1 ? CLUSTER : null });
try {
  const state = tableState(TYPES, { rows });
  const table = tableOf('events');
  const stored = `\`${table.customerId}_${table.tableId}\``;
  const types = new Map(storedTypes(state.columns, new Set(['c2', 'c3'])));
  if (types.get('c2') !== FEW_TEXTS) throw new Error('texts of few values are stored otherwise');
  await servers.onEach(async (shard, index) => {
    const making = { engine: 'MergeTree', onCluster: null };
    await shard.run(createTableSql(stored.slice(1, -1), types, 'c0', making));
    const text = (list: readonly string[], seed: number) =>
      `[${list.map((each) => `'${each}'`).join(', ')}][1 + cityHash64(number, ${seed}) % ${list.length}]`;
    const select = [
      // In the order in which they happened, as in the sample.
      `toInt64(${START} + number * ${Math.floor(31_622_400_000_000 / rows)})`,
      'toInt64(number)',
      text(['sign_in', 'log_in', 'purchase', 'view', 'click'], 2),
      text(['DE', 'FR', 'JP', 'US', 'BR', 'IN', 'CN', 'GB'], 3),
      'round(cityHash64(number, 4) % 1000000 / 100, 2)',
    ];
    const numbers = `FROM numbers(${rows}) WHERE number % ${shards} = ${index}`;
    await shard.run(`INSERT INTO ${stored} SELECT ${select.join(', ')}, 1, number ${numbers}`);
    await shard.run(`OPTIMIZE TABLE ${stored} FINAL`);
    await shard.run(
      `CREATE TABLE events (occurred_at DateTime64(6, 'UTC'), event_id ${own('Int64')}, event_type LowCardinality(${own('String')}), country LowCardinality(${own('String')}), amount ${own('Float64')}) ENGINE = MergeTree ORDER BY occurred_at`,
    );
    await shard.run(
      `INSERT INTO events SELECT fromUnixTimestamp64Micro(assumeNotNull(c0), 'UTC'), c1, c2, c3, c4 FROM ${stored}`,
    );
    await shard.run('OPTIMIZE TABLE events FINAL');
  });
  // Only results in formats with typed columns need the engine.
  const engine = null as unknown as EngineClient;
  const reads = clickhouseReads({ servers, engine, queryMemoryBytes: null, exports: '/nowhere', reserveBytes: 0 });
  const span = BigInt(Math.floor(31_622_400_000_000 / rows)) * BigInt(rows);
  const timeRange = { column: 'occurred_at', earliest: START, latest: START + span };
  const view = { ...table, columns: state.columns, uncommittedTags: [], lastTag: 1, rows, timeRange };
  const limits = { maxRows: 100_000, maxBytes: 100_000_000, deadlineMs: 120_000, signal: new AbortController().signal };

  async function byHand(name: string): Promise<{ readonly ms: number; readonly rows: number }> {
    const sql = BY_HAND[name]?.replace(' events', ` ${servers.source('`events`')}`) ?? '';
    const began = performance.now();
    const found = await servers.reader.rows(sql);
    return { ms: performance.now() - began, rows: found.length };
  }

  async function inThena(query: object): Promise<{ readonly ms: number; readonly rows: number }> {
    const plan = planQuery(new RequestPart(query, '/query'), state, 100_000);
    const began = performance.now();
    const outcome = await reads.query(view, plan, limits);
    if (outcome.kind !== 'rows') throw new Error(outcome.kind);
    return { ms: performance.now() - began, rows: outcome.rows.length };
  }

  console.log(`${rows.toLocaleString('en')} rows, ${rounds} rounds, ${shards} shards\n`);
  console.log('query                      by hand ms      Thena ms        ratio');
  console.log('                           least  median   least  median   least median');
  for (const { name, query } of QUERIES) {
    const times: { hand: number; thena: number }[] = [];
    // The first round, in which both sides read the files, does not count.
    for (let round = 0; round <= rounds; round++) {
      const [one, other] = [await byHand(name), await inThena(query)];
      if (one.rows !== other.rows) throw new Error(`${name}: ${one.rows} rows by hand, ${other.rows} in Thena`);
      if (round > 0) times.push({ hand: one.ms, thena: other.ms });
    }
    const [hands, thenas] = [times.map((each) => each.hand), times.map((each) => each.thena)];
    const cells = [Math.min(...hands), median(hands), Math.min(...thenas), median(thenas)].map((ms) =>
      ms.toFixed(1).padStart(7),
    );
    const least = Math.min(...thenas) / Math.min(...hands);
    console.log(
      `${name.padEnd(25)}${cells[0]} ${cells[1]} ${cells[2]} ${cells[3]}   ${least.toFixed(2)}  ${(median(thenas) / median(hands)).toFixed(2)}`,
    );
  }
} finally {
  await servers.close();
  await running.remove();
}
