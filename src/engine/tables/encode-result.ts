import { readFile, rm } from 'node:fs/promises';
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  type DuckDBType,
  type DuckDBValue,
  HUGEINT,
  VARCHAR,
} from '@duckdb/node-api';
import type { ColumnType } from '../../model/columns.ts';
import type { EngineValue } from '../engine-value.ts';
import type { Operations } from '../operations.ts';
import { identifier, literal } from '../sql.ts';

type Rows = readonly (readonly EngineValue[])[];
/** `wide`: integers beyond 64 bits, which sums can be. */
type ResultType = ColumnType | 'wide';

const CHUNK_ROWS = 2048;
/** Counts the temporary tables, whose names must differ. */
let tables = 0;

/** Writes the rows of a result as a file with typed columns. They have been computed before, so that every format has the same. */
export const encodeResult: Operations['encode_result'] = async ({ columns, rows, format, path }, context) => {
  const typed = columns.map(({ name, type }, index) => ({ name, type: resultType(type, rows, index) }));
  if (format === 'parquet') return encodeParquet(typed, rows, path, context);
  // The package takes 0.1 s to load, which would delay the start of the engine.
  const { ArrowChunks } = await import('./arrow-chunks.ts');
  const chunks = new ArrowChunks(typed);
  const values = columns.map((_, index) => rows.map((row) => row[index] ?? null));
  return Buffer.concat([chunks.head, chunks.chunk(values), chunks.tail]);
};

function resultType(type: ColumnType, rows: Rows, index: number): ResultType {
  const isWide = (value: unknown): boolean => typeof value === 'bigint' && BigInt.asIntN(64, value) !== value;
  return type === 'integer' && rows.some((row) => isWide(row[index])) ? 'wide' : type;
}

async function encodeParquet(
  columns: readonly { readonly name: string; readonly type: ResultType }[],
  rows: Rows,
  path: string,
  { duckdb, signal }: Parameters<Operations['encode_result']>[1],
): Promise<Uint8Array> {
  return duckdb.connected(signal, async (connection) => {
    const table = `result_${tables++}`;
    const definitions = columns.map(({ type }, index) => `c${index} ${STORED[type].sql}`);
    // Of this database, which is in memory.
    await connection.run(`CREATE TEMP TABLE ${table} (n BIGINT, ${definitions.join(', ')})`);
    try {
      await append(connection, table, [BIGINT, ...columns.map(({ type }) => STORED[type].type)], rows);
      const outputs = columns.map(({ name, type }, index) => `${outputSql(type, `c${index}`)} AS ${identifier(name)}`);
      const select = `SELECT ${outputs.join(', ')} FROM (SELECT * FROM ${table} ORDER BY n)`;
      await connection.run(`COPY (${select}) TO ${literal(path)} (FORMAT parquet, COMPRESSION zstd)`);
      return await readFile(path);
    } finally {
      await connection.run(`DROP TABLE ${table}`);
      await rm(path, { force: true });
    }
  });
}

async function append(connection: DuckDBConnection, table: string, types: readonly DuckDBType[], rows: Rows) {
  const appender = await connection.createAppender(table);
  for (let from = 0; from < rows.length; from += CHUNK_ROWS) {
    const chunk = DuckDBDataChunk.create(types);
    const part = rows.slice(from, from + CHUNK_ROWS);
    chunk.setRows(part.map((row, index) => [BigInt(from + index), ...row] as DuckDBValue[]));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
}

/** How values are appended: times as microseconds. */
const STORED: Readonly<Record<ResultType, { readonly sql: string; readonly type: DuckDBType }>> = {
  integer: { sql: 'BIGINT', type: BIGINT },
  wide: { sql: 'HUGEINT', type: HUGEINT },
  number: { sql: 'DOUBLE', type: DOUBLE },
  boolean: { sql: 'BOOLEAN', type: BOOLEAN },
  date: { sql: 'BIGINT', type: BIGINT },
  timestamp: { sql: 'BIGINT', type: BIGINT },
  text: { sql: 'VARCHAR', type: VARCHAR },
  unknown: { sql: 'VARCHAR', type: VARCHAR },
};

function outputSql(type: ResultType, value: string): string {
  switch (type) {
    case 'wide':
      // Parquet has no HUGEINT, and DuckDB would write it as a 64-bit float.
      return `CAST(${value} AS DECIMAL(38, 0))`;
    case 'date':
      return `CAST(make_timestamp(${value}) AS DATE)`;
    case 'timestamp':
      return `make_timestamptz(${value})`;
    default:
      return value;
  }
}
