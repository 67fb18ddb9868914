import { existsSync } from 'node:fs';
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { TAG_COLUMN } from '../model/columns.ts';
import { reasonOf } from './duckdb-failure.ts';
import type { OperationContext } from './operation.ts';
import type { RowPosition, RowScan } from './row-scan.ts';
import { tableName } from './sql.ts';

/**
 * A table's rows in the order in which they lie, a stretch of row ids at a time, so that what is read costs the same at the
 * table's end as at its beginning. It sees one state of the table, in which row ids stay.
 */
export class TableScan {
  readonly #connection: DuckDBConnection;
  readonly #scan: RowScan;
  readonly #table: string;
  /** The upload whose first row was looked for last. */
  #known: Pick<RowPosition, 'tag' | 'start'> | null = null;

  constructor(connection: DuckDBConnection, scan: RowScan) {
    this.#connection = connection;
    this.#scan = scan;
    this.#table = tableName(scan.database);
  }

  /** @returns the row id to begin at; null where the rows before it are there no more */
  async begin(): Promise<number | null> {
    const { after } = this.#scan;
    if (!after) return 0;
    const { tag, offset } = after;
    const start = (await this.#isStart(after)) ? after.start : await this.#startOf(tag);
    if (start === null) return null;
    this.#known = { tag, start };
    return start + offset;
  }

  /** A query over the rows that are asked for, from one row id up to another, which is left out. */
  over(select: string, from: number, to: number, rest = ''): [sql: string, params: RowScan['params']] {
    const { visible, where, params } = this.#scan;
    const asked = where === null ? '' : ` AND ${where}`;
    return [
      `SELECT ${select} FROM ${this.#table} WHERE rowid >= ${from} AND rowid < ${to} AND ${visible}${asked}${rest}`,
      params,
    ];
  }

  /** Whether any row is part of the table from a row id on, asked for or not. */
  async hasMore(from: number): Promise<boolean> {
    const rows = await this.#read(
      `SELECT 1 FROM ${this.#table} WHERE rowid >= ${from} AND ${this.#scan.visible} LIMIT 1`,
    );
    return rows.length > 0;
  }

  /** Row id of the last row that is part of the table; -1 where there is none. It alone costs more the more rows there are. */
  async lastRow(): Promise<number> {
    const [row] = await this.#read(`SELECT max(rowid) FROM ${this.#table} WHERE ${this.#scan.visible}`);
    const last = row?.[0] as bigint | null;
    return last === null ? -1 : Number(last);
  }

  /** The position behind the last of the rows between two row ids that are part of the table; null where there is none. */
  async behind(from: number, to: number): Promise<RowPosition | null> {
    const [row] = await this.#read(
      `SELECT max(rowid), arg_max(${TAG_COLUMN}, rowid) FROM ${this.#table} WHERE rowid >= ${from} AND rowid < ${to} AND ${this.#scan.visible}`,
    );
    const [last, tag] = row as [bigint | null, number | null];
    return last === null || tag === null ? null : this.behindRow(Number(last), tag);
  }

  /** The position behind a row. */
  async behindRow(rowId: number, tag: number): Promise<RowPosition> {
    if (this.#known?.tag !== tag) this.#known = { tag, start: (await this.#startOf(tag, rowId)) ?? rowId };
    const { start } = this.#known;
    return { tag, offset: rowId - start + 1, start };
  }

  async #isStart({ tag, start }: RowPosition): Promise<boolean> {
    const rows = await this.#read(
      `SELECT rowid, ${TAG_COLUMN} FROM ${this.#table} WHERE rowid >= ${start - 1} AND rowid <= ${start}`,
    );
    const tagAt = (rowId: number) => rows.find(([id]) => Number(id) === rowId)?.[1];
    return tagAt(start) === tag && tagAt(start - 1) !== tag;
  }

  /** Where an upload's rows begin: looked for in the row groups alone that have rows of it. */
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
 * Runs `work` over one state of a table, beside whatever is written to it; more than once where rows were moved under it.
 *
 * DuckDB 1.5.5 keeps row ids for a transaction that was there when a checkpoint began. One that begins later sees the old ids in
 * one statement and the new ones in the next, where the checkpoint ends between the two.
 */
export async function scanning<T>(
  scan: RowScan,
  { duckdb, signal }: OperationContext,
  work: (scan: TableScan, connection: DuckDBConnection) => Promise<T>,
): Promise<T | { readonly kind: 'no_table' | 'out_of_memory' }> {
  // Attaching would make a file that is not there.
  if (!existsSync(scan.database)) return { kind: 'no_table' };
  return duckdb.reading(scan.database, (wasWritten) =>
    duckdb.connected(signal, async (connection) => {
      for (;;) {
        signal.throwIfAborted();
        await connection.run('BEGIN TRANSACTION READ ONLY');
        try {
          const tableScan = new TableScan(connection, scan);
          // Deleted rows that are cleared away move the last row of all, if they move any.
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
          // An interruption may meet this, too, and the connection is used again.
          await end().catch(end);
        }
      }
    }),
  );
}
