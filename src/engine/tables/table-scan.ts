import type { DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { TAG_COLUMN } from '../../model/columns.ts';
import type { UploadStarts } from '../database.ts';
import { reasonOf } from '../duckdb-failure.ts';
import type { OperationContext } from '../operations.ts';
import { parameterTypes } from '../parameter-types.ts';
import type { RowPosition, RowScan } from '../scan-operations.ts';
import { tableName } from '../sql.ts';

/** What the package is given to run a statement. */
type Statement = [sql: string, params: DuckDBValue[], types: DuckDBType[]];

/**
 * Reads a table in stored order, one range of row ids at a time, so that a read costs the same at the end of the table as at
 * the beginning. It sees one state of the table, in which row ids do not change. `rowid` is DuckDB's: no column has that name.
 */
export class TableScan {
  readonly #connection: DuckDBConnection;
  readonly #scan: RowScan;
  readonly #table: string;
  /** First rows of uploads that are known to be right in this state of the table. */
  readonly #starts: UploadStarts;

  constructor(connection: DuckDBConnection, scan: RowScan, starts: UploadStarts) {
    this.#connection = connection;
    this.#scan = scan;
    this.#table = tableName(scan.database);
    this.#starts = starts;
  }

  /** @returns the row id to start at; null if the rows before the position no longer exist */
  async begin(): Promise<number | null> {
    const { after } = this.#scan;
    if (!after) return 0;
    const { tag, offset } = after;
    const start = this.#starts.get(tag) ?? ((await this.#isStart(after)) ? after.start : await this.#startOf(tag));
    if (start === null) return null;
    this.#starts.set(tag, start);
    return start + offset;
  }

  /** A query over the requested rows from one row id up to another, exclusive. */
  over(select: string, from: number, to: number, rest = ''): Statement {
    const { where, params } = this.#scan;
    const condition = where === null ? '' : ` AND ${where}`;
    return [
      `SELECT ${select} FROM ${this.#table} WHERE rowid >= ${from} AND rowid < ${to} AND ${this.#visible()}${condition}${rest}`,
      [...params],
      parameterTypes(params),
    ];
  }

  /**
   * How many rows from a row id on have texts of at most so many bytes together; at least one. DuckDB, and the copies on the way
   * out, would need several times the memory of texts that are read at once.
   */
  async rowsWithin(maxBytes: number, texts: readonly string[], from: number, rows: number): Promise<number> {
    if (texts.length === 0) return rows;
    // Each is a result of its own: a sum of a thousand terms is nested deeper than DuckDB allows.
    const lengths = texts.map((text) => `CAST(coalesce(sum(strlen(${text})), 0) AS DOUBLE)`).join(', ');
    for (let span = rows; ; ) {
      const [row = []] = (await this.#connection.runAndReadAll(...this.over(lengths, from, from + span))).getRows();
      const bytes = row.reduce<number>((sum, length) => sum + (length as number), 0);
      if (bytes <= maxBytes || span === 1) return span;
      span = Math.max(1, Math.floor((span * maxBytes) / bytes));
    }
  }

  /** Whether there is a visible row at or after a row id, requested or not. */
  async hasMore(from: number): Promise<boolean> {
    const rows = await this.#read(`SELECT 1 FROM ${this.#table} WHERE rowid >= ${from} AND ${this.#visible()} LIMIT 1`);
    return rows.length > 0;
  }

  /** Row id of the last visible row; -1 if there is none. The only lookup whose cost grows with the table. */
  async lastRow(): Promise<number> {
    const [row] = await this.#read(`SELECT max(rowid) FROM ${this.#table} WHERE ${this.#scan.visible}`);
    const last = row?.[0] as bigint | null;
    return last === null ? -1 : Number(last);
  }

  /** The position after the last visible row of a range; null if the range has none. */
  async positionAfter(from: number, to: number): Promise<RowPosition | null> {
    const [row] = await this.#read(
      `SELECT max(rowid), arg_max(${TAG_COLUMN}, rowid) FROM ${this.#table} WHERE rowid >= ${from} AND rowid < ${to} AND ${this.#scan.visible}`,
    );
    const [last, tag] = row as [bigint | null, number | null];
    return last === null || tag === null ? null : this.positionAfterRow(Number(last), tag);
  }

  /** The position after a row. */
  async positionAfterRow(rowId: number, tag: number): Promise<RowPosition> {
    const start = this.#starts.get(tag) ?? (await this.#startOf(tag, rowId)) ?? rowId;
    this.#starts.set(tag, start);
    return { tag, offset: rowId - start + 1, start };
  }

  /**
   * The condition that visible rows after the position meet. DuckDB 1.5.5 does not skip row groups by their row ids
   * (duckdb#23625), but by their tags: later rows have no lesser ones.
   */
  #visible(): string {
    const { visible, after } = this.#scan;
    return after ? `${visible} AND ${TAG_COLUMN} >= ${Number(after.tag)}` : visible;
  }

  async #isStart({ tag, start }: RowPosition): Promise<boolean> {
    const rows = await this.#read(
      `SELECT rowid, ${TAG_COLUMN} FROM ${this.#table} WHERE rowid >= ${start - 1} AND rowid <= ${start}`,
    );
    const tagAt = (rowId: number) => rows.find(([id]) => Number(id) === rowId)?.[1];
    return tagAt(start) === tag && tagAt(start - 1) !== tag;
  }

  /** Row id of an upload's first row; null if it has none. */
  firstRow(tag: number): Promise<number | null> {
    return this.#startOf(tag);
  }

  /** Row id of an upload's first row. DuckDB skips row groups without rows of that upload. */
  async #startOf(tag: number, before = Number.MAX_SAFE_INTEGER): Promise<number | null> {
    const [row] = await this.#read(
      `SELECT min(rowid) FROM ${this.#table} WHERE ${TAG_COLUMN} = ${tag} AND rowid <= ${before}`,
    );
    const start = row?.[0] as bigint | null;
    return start === null ? null : Number(start);
  }

  async #read(sql: string): Promise<DuckDBValue[][]> {
    return (await this.#connection.runAndReadAll(sql)).getRows();
  }
}

/**
 * Runs `work` over one state of a table, while others may write to it. Repeats it if a checkpoint moved rows in the meantime.
 *
 * DuckDB 1.5.5 keeps row ids for a transaction that was open when a checkpoint began. A transaction that begins during a
 * checkpoint sees the old ids in one statement and the new ones in the next, if the checkpoint ends between them.
 */
export async function scanning<T>(
  scan: RowScan,
  { duckdb, signal }: OperationContext,
  work: (scan: TableScan, connection: DuckDBConnection) => Promise<T>,
): Promise<T | { readonly kind: 'no_table' | 'out_of_memory' }> {
  const outcome = await duckdb.reading(scan.database, ({ wasWritten, starts }) =>
    duckdb.connected(signal, async (connection): Promise<T | { readonly kind: 'out_of_memory' }> => {
      for (;;) {
        signal.throwIfAborted();
        await connection.run('BEGIN TRANSACTION READ ONLY');
        try {
          const tableScan = new TableScan(connection, scan, wasWritten() ? new Map() : starts);
          // If a checkpoint that removes deleted rows moves any row, it moves the last one.
          const last = wasWritten() ? await tableScan.lastRow() : null;
          const result = await work(tableScan, connection);
          const hasMoved = last === null ? wasWritten() : (await tableScan.lastRow()) !== last;
          if (!hasMoved) return result;
        } catch (error) {
          signal.throwIfAborted();
          if (reasonOf(error) === 'out_of_memory') return { kind: 'out_of_memory' };
          throw error;
        } finally {
          const end = () => connection.run('ROLLBACK');
          // An interrupt may hit this statement as well, and the connection is reused.
          await end().catch(end);
        }
      }
    }),
  );
  return outcome ?? { kind: 'no_table' };
}
