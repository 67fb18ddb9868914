import { TAG_COLUMN } from '../../model/columns.ts';
import { physicalParts, ROW_COLUMN } from '../../model/physical-columns.ts';
import type { Selection } from '../query-plan.ts';
import { compileScan } from '../sql/compile-scan.ts';
import { type Physical, physicalColumns } from '../sql/physical-columns.ts';
import type { TableView } from '../table-store.ts';
import { CLICKHOUSE } from './clickhouse-dialect.ts';
import type { ClickhouseShard, StatementSettings } from './clickhouse-shard.ts';
import { type ReadStatement, readRows } from './reading.ts';

/** A place between two rows of a table: the row with this key, or the next one, follows. Rows keep their keys. */
export interface RowKey {
  readonly tag: number;
  readonly row: number;
}

export const FIRST_KEY: RowKey = { tag: 0, row: 0 };
export const KEY = `${TAG_COLUMN}, ${ROW_COLUMN}`;

/** Without these, a page of texts of 400 KB took 150 MB of memory, and with them 6 MB. */
const SCANNING: StatementSettings = {
  preferred_max_column_in_block_size_bytes: 1024 * 1024,
  query_plan_optimize_lazy_materialization: 0,
  output_format_parallel_formatting: 0,
  // Otherwise, arithmetic is done for all rows where a condition needs it for few: unusual years took most of the time of a text.
  short_circuit_function_evaluation: 'force_enable',
};

/** The selected rows of a view, in the order of their keys, which is that in which they are stored. */
export class Scan {
  readonly physical: Physical;
  readonly #shard: ClickhouseShard;
  readonly #table: string;
  readonly #settings: StatementSettings;
  readonly #conditions: ReturnType<typeof compileScan>;
  /** The stored columns of the selected ones. */
  readonly #stored: readonly string[];

  /** @param table what is read of the table in SQL */
  constructor(
    shard: ClickhouseShard,
    table: string,
    settings: StatementSettings,
    view: TableView,
    selection: Selection,
  ) {
    this.physical = physicalColumns(view.columns, CLICKHOUSE);
    this.#shard = shard;
    this.#table = table;
    this.#settings = { ...settings, ...SCANNING };
    this.#conditions = compileScan(CLICKHOUSE, view, selection, this.physical);
    const names = new Set(selection.columns.map(({ name }) => name));
    this.#stored = view.columns.flatMap((column, index) =>
      names.has(column.name) ? physicalParts(column, index).map((part) => part.name) : [],
    );
  }

  /** A query over the rows from one key on, up to another one, exclusive. @param rest follows the order, such as a format */
  over(select: string, from: RowKey, to: RowKey | null, rest: string): ReadStatement {
    const { visible, where, params } = this.#conditions;
    const conditions = [visible, notBefore(from), ...(to ? [`NOT ${notBefore(to)}`] : []), ...(where ? [where] : [])];
    return {
      sql: `SELECT ${select} FROM ${this.#table} WHERE ${conditions.join(' AND ')} ORDER BY ${KEY}${rest}`,
      params,
      settings: this.#settings,
    };
  }

  /**
   * The same for expressions that are long texts: they are computed by the server that collects the rows, for each other shard would be sent and
   * have to analyse them, which took a third of the time of a chunk. The order of a subquery is kept.
   */
  computedOver(select: string, from: RowKey, to: RowKey | null, rest: string): ReadStatement {
    const { sql, ...statement } = this.over(this.#stored.join(', '), from, to, '');
    return { ...statement, sql: `SELECT ${select} FROM (${sql})${rest}` };
  }

  /** The key of the row so many visible rows after a key; null if there is none. */
  async keyAfter(from: RowKey, rows: number, signal: AbortSignal): Promise<RowKey | null> {
    const sql = `SELECT ${KEY} FROM ${this.#table} WHERE ${this.#conditions.visible} AND ${notBefore(from)} ORDER BY ${KEY} LIMIT 1 OFFSET ${rows}`;
    const [found] = await readRows(this.#shard, { sql, params: [], settings: this.#settings }, signal);
    return found ? { tag: Number(found[0]), row: Number(found[1]) } : null;
  }

  /**
   * The same for several steps: the keys of rows so many rows apart, up to `count`, ending with null at the end of the table. Rows of an upload are
   * numbered without gaps, so that looking up a row by its number costs the same wherever it is, a third of finding it by counting.
   */
  async keysAfter(from: RowKey, rows: number, count: number, signal: AbortSignal): Promise<readonly (RowKey | null)[]> {
    const wanted = Array.from({ length: count }, (_, index) => from.row + rows * (index + 1));
    const sql = `SELECT ${ROW_COLUMN} FROM ${this.#table} WHERE ${TAG_COLUMN} = ${Number(from.tag)} AND ${ROW_COLUMN} IN (${wanted.map(Number).join(', ')}) ORDER BY ${ROW_COLUMN}`;
    const found = await readRows(this.#shard, { sql, params: [], settings: this.#settings }, signal);
    if (found.length === 0) return [await this.keyAfter(from, rows, signal)];
    return found.map(([row]) => ({ tag: from.tag, row: Number(row) }));
  }

  /** Whether an upload has its rows: it has a first one, wherever the others are, until it is deleted. */
  async hasUpload(tag: number, signal: AbortSignal): Promise<boolean> {
    const sql = `SELECT count() FROM ${this.#table} WHERE ${TAG_COLUMN} = ${Number(tag)} AND ${ROW_COLUMN} = 0`;
    const [row] = await readRows(this.#shard, { sql, params: [], settings: this.#settings }, signal);
    return row?.[0] !== '0';
  }
}

/** Single comparisons, by which ClickHouse skips marks of the primary key. */
function notBefore({ tag, row }: RowKey): string {
  return `(${TAG_COLUMN} > ${Number(tag)} OR (${TAG_COLUMN} = ${Number(tag)} AND ${ROW_COLUMN} >= ${Number(row)}))`;
}
