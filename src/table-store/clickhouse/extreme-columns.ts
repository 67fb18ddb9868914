import type { TableName } from '../../model/ids.ts';
import { tableName } from './clickhouse-loads.ts';

const MAX_TABLES = 1000;

/**
 * Columns with numbers for which measures have to be computed otherwise (`checkSql`). Queries assume that there are none, and one that finds some runs
 * again, which is remembered here so that later ones do not have to. A column that no longer has such numbers costs a little time.
 */
export class ExtremeColumns {
  /** Names of columns by table, the one that was used last at the end. */
  readonly #columns = new Map<string, ReadonlySet<string>>();

  of(table: TableName): ReadonlySet<string> {
    const name = tableName(table);
    const found = this.#columns.get(name);
    if (found === undefined) return new Set();
    this.#columns.delete(name);
    this.#columns.set(name, found);
    return found;
  }

  /** @returns all of the table */
  add(table: TableName, names: readonly string[]): ReadonlySet<string> {
    const all = new Set([...this.of(table), ...names]);
    this.#columns.set(tableName(table), all);
    const [oldest] = this.#columns.keys();
    if (this.#columns.size > MAX_TABLES && oldest !== undefined) this.#columns.delete(oldest);
    return all;
  }
}
