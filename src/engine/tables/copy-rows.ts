import { type ColumnType, TAG_COLUMN } from '../../model/columns.ts';
import type { PhysicalColumn } from '../../model/physical-columns.ts';
import { ROW_COLUMN } from '../../model/physical-columns.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import { DUCKDB_TYPES } from '../csv/column-types.ts';
import type { Operations } from '../operations.ts';
import type { EngineOperations } from '../protocol.ts';
import { literal, tableName } from '../sql.ts';
import { scanning, type TableScan } from './table-scan.ts';

const EPOCH = `DATE '1970-01-01'`;

/** How a stored value is written to a file: as what it is in every store. */
function written({ name, type }: PhysicalColumn): string {
  if (type === 'date') return `CAST(${name} - ${EPOCH} AS INTEGER) AS ${name}`;
  if (type === 'timestamp') return `epoch_us(${name}) AS ${name}`;
  return name;
}

/** The value that was written. */
function stored({ name, type }: PhysicalColumn): string {
  if (type === 'date') return `${EPOCH} + CAST(${name} AS INTEGER)`;
  if (type === 'timestamp') return `make_timestamp(${name})`;
  return name;
}

/** The types in files, which other stores may have written in narrower ones. */
const COPIED_TYPES: Readonly<Record<ColumnType, string>> = { ...DUCKDB_TYPES, date: 'BIGINT', timestamp: 'BIGINT' };

/** What differs if a value does. Zeros with and without a sign are equal for `hash`. */
function compared({ name, type }: PhysicalColumn): string {
  const value = `CAST(${name} AS ${COPIED_TYPES[type]})`;
  const row = [TAG_COLUMN, ROW_COLUMN].map((column) => `CAST(${column} AS BIGINT)`);
  return [value, ...(type === 'number' ? [`signbit(${value})`] : []), ...row].join(', ');
}

export const copyOut: Operations['copy_out'] = async (params, context) => {
  const { database, columns, tags, path } = params;
  const visible = `${TAG_COLUMN} IN (${tags.map(Number).join(', ')})`;
  const scan = { database, visible, where: null, params: [], after: null };
  const outcome = await scanning(scan, context, async (rows, connection) => {
    const [from, to, number] = await (tags.length === 1 ? partOfOne(rows, params) : allOfMany());
    const [sql] = rows.over([...columns.map(written), TAG_COLUMN, `${number} AS ${ROW_COLUMN}`].join(', '), from, to);
    const { rowsChanged } = await connection.run(
      `COPY (${sql} ORDER BY rowid) TO ${literal(path)} (FORMAT parquet, COMPRESSION lz4_raw)`,
    );
    return { kind: 'copied', rows: rowsChanged } as const;
  });
  if (outcome.kind === 'copied') return { rows: outcome.rows };
  throw outcome.kind === 'no_table'
    ? new StorageFailure('failed', `there is no table in ${database}`)
    : new StorageFailure('out_of_memory', 'the rows to copy exceed the memory limit');
};

/** Row ids to copy, and the SQL that numbers the rows of their upload. */
type Range = readonly [from: number, to: number, number: string];

async function partOfOne(
  rows: TableScan,
  { columns, tags, offset, maxRows, maxBytes }: EngineOperations['copy_out']['params'],
): Promise<Range> {
  const start = await rows.firstRow(tags[0] ?? 0);
  if (start === null) return [0, 0, 'NULL'];
  const texts = columns.filter(({ type }) => type === 'text').map(({ name }) => name);
  const from = start + offset;
  return [from, from + (await rows.rowsWithin(maxBytes, texts, from, maxRows)), `rowid - ${start}`];
}

async function allOfMany(): Promise<Range> {
  return [0, Number.MAX_SAFE_INTEGER, `row_number() OVER (PARTITION BY ${TAG_COLUMN} ORDER BY rowid) - 1`];
}

export const copyIn: Operations['copy_in'] = ({ database, columns, path }, { duckdb, signal }) =>
  duckdb.writing(database, () =>
    duckdb.connected(signal, async (connection) => {
      // Numbering the rows keeps their order.
      const rows = `SELECT *, row_number() OVER () AS _thena_number FROM read_parquet(${literal(path)})`;
      const into = [...columns.map(({ name }) => name), TAG_COLUMN].join(', ');
      const values = [...columns.map(stored), TAG_COLUMN].join(', ');
      const { rowsChanged } = await connection.run(
        `INSERT INTO ${tableName(database)} (${into}) SELECT ${values} FROM (${rows}) WHERE _thena_number > 0`,
      );
      return { rows: rowsChanged };
    }),
  );

export const checksum: Operations['checksum'] = ({ columns, path }, { duckdb, signal }) =>
  duckdb.connected(signal, async (connection) => {
    const sums = columns.map((column) => `CAST(coalesce(sum(hash(${compared(column)})), 0) AS VARCHAR)`);
    const reader = await connection.runAndReadAll(
      `SELECT count(*), ${sums.join(', ')} FROM read_parquet(${literal(path)})`,
    );
    const [rows, ...columnSums] = reader.getRows()[0] as [bigint, ...string[]];
    return { rows: Number(rows), sums: columnSums.map(BigInt) };
  });
