import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { RecordCutter } from '../../../src/csv/record-cutter.ts';
import type { CsvSegment, CsvSource } from '../../../src/csv/segment.ts';
import { SegmentWriter } from '../../../src/ingest/spool/segment-writer.ts';
import type { LogicalType } from '../../../src/model/columns.ts';
import type { TableName } from '../../../src/model/ids.ts';
import { clickhouseLoads, tableName } from '../../../src/table-store/clickhouse/clickhouse-loads.ts';
import { ClickhouseServers } from '../../../src/table-store/clickhouse/clickhouse-servers.ts';
import { identifier } from '../../../src/table-store/clickhouse/clickhouse-sql.ts';
import { duckdbTableStore } from '../../../src/table-store/duckdb/duckdb-table-store.ts';
import type { LoadSummary, TableStore } from '../../../src/table-store/table-store.ts';
import { parsedFile, tableOf } from '../../builders.ts';
import {
  CLUSTER,
  NO_CLICKHOUSE,
  startClickhouse,
  type ClickhouseServers as TestServers,
} from '../../cluster/clickhouse-server.ts';
import { shapedFields } from '../../csv/shaped-texts.ts';
import { type EngineInFolder, engineInFolder } from '../../engine/engine-in-folder.ts';

const TYPES: readonly LogicalType[] = ['integer', 'number', 'boolean', 'date', 'timestamp', 'text'];
const LIMITS = { deadlineMs: 60_000, signal: new AbortController().signal };

/** Fields that fit a type, as they are written without quotes. */
const FITTING: Readonly<Record<LogicalType, fc.Arbitrary<string>>> = {
  integer: fc.oneof(
    fc.integer().map(String),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constantFrom('0', '', '-9223372036854775808'),
  ),
  number: fc.oneof(
    fc.double().map(String),
    fc.tuple(fc.integer(), fc.nat({ max: 99_999_999 })).map(([whole, fraction]) => `${whole}.${fraction}`),
    fc.constantFrom('0', '-0', '-0.0', '', 'nan', '-inf', '5.', '.5', '1E5', '0.30000000000000004'),
  ),
  boolean: fc.constantFrom('true', 'false', 'TRUE', 'False', ''),
  date: fc.oneof(
    fc
      .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
      .map((date) => date.toISOString().slice(0, 10)),
    fc.constantFrom('2024-02-29', '1900-02-28', '1000-01-01', '9999-12-31', '', '2024-00-10', '2023-02-29'),
  ),
  timestamp: fc.oneof(
    fc
      .tuple(
        fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        fc.constantFrom(10, 16, 19, 21, 22, 23, 24),
        fc.constantFrom(' ', 'T'),
      )
      .map(([date, length, between]) => date.toISOString().slice(0, length).replace('T', between).replace(/:\d$/, '')),
    fc.constantFrom('2024-01-01 23:60:00', '2024-01-01 99:00:00', '2024-01-01 23:59:60', '2024-01-01 24:00:00', ''),
    fc.constantFrom(
      '2024-01-01 12:30:45.123456',
      '1582-10-10 00:00:00',
      '2024-02-30 12:00:00',
      '2024-12-31T23:59:59.9',
    ),
  ),
  text: fc.oneof(
    fc.string({
      unit: fc.constantFrom(
        'a',
        '0',
        ' ',
        "'",
        '\\',
        'N',
        '\t',
        ';',
        '|',
        '\ufeff',
        'é',
        '𝄞',
        '\u0085',
        '"',
        ',',
        '\n',
        '\r',
        '\0',
      ),
      maxLength: 6,
    }),
    fc.constantFrom(
      '',
      '\\N',
      'NULL',
      'null',
      'nan',
      "'",
      "''",
      "'a'",
      '""',
      'ÿþ',
      '\u00ff\u00fe',
      ' ',
      '  x  ',
      '{}',
      '[1]',
    ),
    fc.constant('long '.repeat(3000)),
  ),
};

interface Dialect {
  readonly delimiter: string;
  readonly quote: string;
  /** What follows a quoted field. */
  readonly behindQuotes: '' | ' ';
}

/** How a field is written. */
function written(text: string, isQuoted: boolean, { delimiter, quote, behindQuotes }: Dialect): string {
  const clean = quote === '' ? text.replaceAll(/[\r\n]/g, '') : text;
  if (quote !== '' && (isQuoted || clean.includes(quote) || clean.includes(delimiter) || /[\r\n]/.test(clean))) {
    return `${quote}${clean.replaceAll(quote, quote + quote)}${quote}${delimiter === ' ' ? '' : behindQuotes}`;
  }
  return clean.replaceAll(delimiter, '_');
}

/** How a file is written, and read. */
interface FileShape {
  readonly dialect: Dialect;
  readonly types: readonly LogicalType[];
  /** Texts that mean null. */
  readonly nulls: readonly string[];
  /** Whether each record begins with its number. */
  readonly withLines: boolean;
  /** Records of each segment that follow a blank line. */
  readonly blankLines: readonly number[];
}

/** Segments of records of fields: each with its text, and whether it is quoted. */
type Segments = readonly (readonly (readonly (readonly [text: string, isQuoted: boolean])[])[])[];

const randomFiles = fc
  .record({
    dialect: fc.record({
      delimiter: fc.constantFrom(',', ',', ';', '|', '\t', ' ', ':', '-', '.', '~'),
      quote: fc.constantFrom('"', '"', '', "'"),
      behindQuotes: fc.constantFrom('', '', ' ' as const),
    }),
    types: fc.array(fc.constantFrom(...TYPES), { minLength: 1, maxLength: 5 }),
    // With a number among them, every value is judged.
    nulls: fc.constantFrom([], ['n/a'], ['0']),
    withLines: fc.boolean(),
    blankLines: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.uniqueArray(fc.nat({ max: 3 }))),
  })
  .chain((shape) => {
    const fieldOf = (type: LogicalType) =>
      fc.tuple(
        fc.oneof(
          { weight: 60, arbitrary: FITTING[type] },
          { weight: type === 'text' ? 10 : 1, arbitrary: shapedFields.map(({ text }) => text) },
        ),
        fc.integer({ min: 0, max: 3 }).map((dice) => dice === 0),
      );
    const record = fc.tuple(...shape.types.map(fieldOf));
    return fc.record({
      shape: fc.constant(shape),
      segments: fc.array(fc.array(record, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 3 }),
    });
  });

describe('ClickHouse holds what DuckDB holds', { skip: NO_CLICKHOUSE ?? false }, () => {
  let running: EngineInFolder;
  let test: TestServers;
  let servers: ClickhouseServers;
  let clickhouse: Pick<TableStore, 'begin' | 'purge' | 'drop'>;
  let duckdb: TableStore;
  before(async () => {
    running = await engineInFolder();
    test = await startClickhouse({ shards: 2 });
    servers = new ClickhouseServers({ urls: test.urls, cluster: CLUSTER });
    const making = { engine: 'MergeTree', onCluster: null };
    clickhouse = clickhouseLoads({ servers, making, engine: running.engine, tempDirectory: running.folder });
    duckdb = duckdbTableStore(running.engine, running.storeSettings);
  });
  after(async () => {
    await servers.close();
    await test.remove();
    await running.close();
  });

  let folders = 0;
  /** Writes segments as the reception does. @returns null if it refuses them */
  async function sourceOf(
    texts: readonly string[],
    columns: readonly string[],
    dialect: Dialect,
  ): Promise<CsvSource | null> {
    const cutter = new RecordCutter({
      ...{ columns: columns.length, newline: '\n', firstLine: 1 },
      ...dialect,
    });
    const segments: CsvSegment[] = [];
    try {
      for (const text of texts) {
        const folder = join(running.folder, 'spool', `cut-${folders++}`);
        mkdirSync(folder);
        const writer = new SegmentWriter(folder, { keep: async () => undefined, keepNames: async () => undefined });
        const { records, lines, quotedLineFeeds } = cutter;
        const { bytes, lastRecordEnd } = cutter.push(Buffer.from(text));
        await writer.write(bytes, lastRecordEnd, { records, lines, quotedLineFeeds }, cutter);
        segments.push(...(await writer.end(cutter)));
      }
      return {
        dialect: { delimiter: dialect.delimiter, quote: dialect.quote, header: false },
        columns,
        segments: segments.filter(({ records }) => records > 0),
      };
    } catch (problem) {
      assert.match(String(problem), /Problem|refuse|quote/i);
      return null;
    }
  }

  /** DuckDB has no reason of its own for days that do not exist. */
  const outcomeOf = async (work: Promise<{ rows: number; summary: LoadSummary }>) =>
    work.catch(({ reason, message }: Error & { reason?: string }) =>
      reason === 'failed' && /date field value out of range|CSV|Conversion/i.test(message)
        ? 'rows_do_not_fit'
        : (reason ?? message),
    );

  let tables = 0;
  /** Loads a file into both, and compares what they hold. */
  async function compare({ dialect, types, nulls, withLines, blankLines }: FileShape, segments: Segments) {
    let line = 0;
    const texts = segments.map((records) =>
      records
        .map((fields) => {
          const all = fields.map(([text, isQuoted]) => written(text, isQuoted, dialect));
          const record = `${[...(withLines ? [line++] : []), ...all].join(dialect.delimiter)}\n`;
          return blankLines.includes(records.indexOf(fields)) ? `\n${record}` : record;
        })
        .join(''),
    );
    const columns = [...(withLines ? (['integer'] as const) : []), ...types].map((type, index) => ({
      name: `column ${index}`,
      type,
    }));
    const source = await sourceOf(
      texts,
      columns.map(({ name }) => name),
      dialect,
    );
    if (source === null || source.segments.some(({ irregular }) => irregular)) return 'refused';
    const timeColumn = columns.find(({ type }) => type === 'timestamp' || type === 'date')?.name ?? null;
    const table = tableOf(`t${tables++}`);
    const load = { ...table, tag: 7, columns, file: { ...parsedFile(columns), nulls }, timeColumn, create: true };
    const loadInto = (store: Pick<TableStore, 'begin'>) =>
      outcomeOf(
        (async () => {
          const session = await store.begin(load);
          const { rows } = await session.append(source);
          return { rows, summary: await session.commit() };
        })(),
      );
    const expected = await loadInto(duckdb);
    assert.deepEqual(await loadInto(clickhouse), expected);
    if (typeof expected !== 'string') {
      const [stored, wanted] = [await rowsOfClickhouse(table, columns), await rowsOfDuckdb(table, columns)];
      // DuckDB may store the segments in another order, and the records of one.
      if (withLines)
        assert.deepEqual(
          stored,
          wanted.toSorted(([a], [b]) => Number(a) - Number(b)),
        );
      else assert.deepEqual(sorted(stored), sorted(wanted));
    }
    await duckdb.drop(table);
    await clickhouse.drop(table);
    return typeof expected === 'string' ? 'failed' : 'compared';
  }

  it('whatever is in a file, and fails where DuckDB fails', async () => {
    const seen = { compared: 0, refused: 0, failed: 0 };
    const property = fc.asyncProperty(randomFiles, async ({ shape, segments }) => {
      seen[await compare(shape, segments)]++;
    });
    await fc.assert(property, { numRuns: Number(process.env.FAST_CHECK_RUNS ?? 100), endOnFailure: true });
    assert.ok(process.env.FAST_CHECK_RUNS !== undefined || seen.compared > 8, JSON.stringify(seen));
  });

  it('of dates and times that no reader can take for others, with seconds and without, between blank lines and quoted texts', async () => {
    const shape = {
      types: ['timestamp', 'text', 'date'] as const,
      nulls: [],
      withLines: true,
    };
    const segment = fc
      .record({
        // With hours and minutes only, with seconds, with parts of a second; or a day.
        lengths: fc.subarray([10, 16, 19, 21, 24, 26], { minLength: 1 }),
        moments: fc.array(
          fc.tuple(
            fc.date({ min: new Date('1000-01-01'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
            fc.integer({ min: 100, max: 999 }),
            fc.constantFrom(' ', 'T'),
            fc.boolean(),
          ),
          { minLength: 1, maxLength: 20 },
        ),
      })
      .map(({ lengths, moments }) =>
        moments.map(([date, micros, between, isQuoted], index) => {
          const text = `${date.toISOString().slice(0, -1)}${micros}`.replace('T', between);
          return [
            [text.slice(0, lengths[index % lengths.length]), false],
            [text, isQuoted],
            [text.slice(0, 10), false],
          ] as const;
        }),
      );
    const dialects = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      quote: fc.constant('"'),
      behindQuotes: fc.constantFrom('' as const, ' ' as const),
    });
    const blank = fc.constantFrom([], [], [0], [1], [0, 2]);
    const property = fc.asyncProperty(
      fc.array(segment, { minLength: 1, maxLength: 4 }),
      blank,
      dialects,
      async (segments, blankLines, dialect) => {
        assert.equal(await compare({ ...shape, dialect, blankLines }, segments), 'compared');
      },
    );
    await fc.assert(property, { numRuns: Number(process.env.FAST_CHECK_RUNS ?? 30), endOnFailure: true });
  });

  type Columns = readonly { readonly name: string; readonly type: LogicalType }[];

  async function rowsOfDuckdb(table: TableName, columns: Columns) {
    const view = { ...table, columns, uncommittedTags: [], lastTag: 7 };
    const outcome = await duckdb.rows(view, { columns, where: null, after: null, limit: 1000 }, LIMITS);
    assert(outcome.kind === 'rows');
    return outcome.rows.map((row) => row.map(String));
  }

  /** In the order of the file. */
  async function rowsOfClickhouse(table: TableName, columns: Columns) {
    const name = identifier(tableName(table));
    const places = await servers.reader.rows<[string]>(
      `SELECT _thena_row FROM ${servers.source(name)} ORDER BY _thena_row`,
    );
    assert.deepEqual(
      places.map(([place]) => Number(place)),
      places.map((_, index) => index),
    );
    const values = columns.map(({ type }, index) =>
      type === 'number' ? `reinterpretAsUInt64(assumeNotNull(c${index})), c${index} IS NULL` : `c${index}, 0`,
    );
    const rows = await servers.reader.rows<(string | number | boolean | null)[]>(
      `SELECT ${values.join(', ')} FROM ${servers.source(name)} ORDER BY _thena_upload, _thena_row`,
    );
    return rows.map((row) =>
      columns.map(({ type }, index) => {
        const value = row[2 * index] ?? null;
        if (value === null || row[2 * index + 1] === 1) return 'null';
        if (type === 'date') return String(BigInt(value as number) * 86_400_000_000n);
        if (type === 'number')
          return String(Buffer.from(new BigUint64Array([BigInt(value as string)]).buffer).readDoubleLE());
        return String(value);
      }),
    );
  }
});

function sorted(rows: readonly (readonly string[])[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}
