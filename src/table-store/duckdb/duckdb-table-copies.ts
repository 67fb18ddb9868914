import type { EngineClient } from '../../engine/engine-client.ts';
import { tableName } from '../../engine/sql.ts';
import { type StoredColumn, TAG_COLUMN } from '../../model/columns.ts';
import { physicalParts } from '../../model/physical-columns.ts';
import { StorageFailure } from '../../model/storage-failure.ts';
import { type Checksums, COPY_BYTES, copiedColumns, FEW_TEXTS, rowsOfCopy, type TableCopies } from '../table-copies.ts';
import { tableFiles } from './table-files.ts';

const NO_LIMITS = { maxRows: 1, maxBytes: 1000 };

/** @param directory the folder of the table files, which the engine must be allowed to write to, like the files of the copies */
export function duckdbTableCopies(engine: EngineClient, directory: string): TableCopies {
  const fileOf = tableFiles(directory);
  /** One row of whole numbers; null if there is no table. */
  const numbers = async (database: string, sql: string): Promise<readonly number[] | null> => {
    const outcome = await engine.call('query', { database, sql, params: [], ...NO_LIMITS });
    if (outcome.kind === 'no_table') return null;
    if (outcome.kind !== 'rows') throw new StorageFailure('failed', outcome.kind);
    return (outcome.rows[0] ?? []).map(Number);
  };
  return {
    async write(table, { tags, offset }, path) {
      const limits = { maxRows: rowsOfCopy(table.columns), maxBytes: COPY_BYTES };
      const columns = copiedColumns(table.columns);
      await engine.call('copy_out', { database: fileOf(table), columns, tags, offset, ...limits, path });
    },
    async fewTexts(table) {
      const texts = copiedColumns(table.columns).filter(({ type }) => type === 'text');
      if (texts.length === 0) return [];
      const database = fileOf(table);
      const counts = texts.map(({ name }) => `approx_count_distinct(${name})`);
      const found = await numbers(database, `SELECT ${counts.join(', ')} FROM ${tableName(database)}`);
      return texts.filter((_, index) => (found?.[index] ?? 0) <= FEW_TEXTS).map(({ name }) => name);
    },
    async create(table) {
      const database = fileOf(table);
      if ((await numbers(database, `SELECT count(*) FROM ${tableName(database)}`)) !== null) return;
      // What widens a column comes after the tag.
      const first = table.columns.flatMap((column, index) => physicalParts(column, index).slice(0, 1));
      await engine.call('begin_load', { database, columns: first, create: true });
      await engine.call('begin_load', { database, columns: allColumns(table.columns), create: false });
    },
    async append(table, path) {
      await engine.call('copy_in', { database: fileOf(table), columns: copiedColumns(table.columns), path });
    },
    async count(table, tags) {
      const database = fileOf(table);
      const found = await numbers(
        database,
        `SELECT count(*) FROM ${tableName(database)} WHERE ${TAG_COLUMN} IN (${tags.map(Number).join(', ')})`,
      );
      return found?.[0] ?? 0;
    },
    async tags(table) {
      const database = fileOf(table);
      const sql = `SELECT DISTINCT ${TAG_COLUMN} FROM ${tableName(database)}`;
      const limits = { maxRows: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
      const outcome = await engine.call('query', { database, sql, params: [], ...limits });
      return outcome.kind === 'rows' ? outcome.rows.map(([tag]) => Number(tag)) : [];
    },
    async remove(table, tags) {
      if (tags.length > 0) await engine.call('purge', { database: fileOf(table), tags });
    },
  };
}

/** Checksums of the files of any store. */
export function fileChecksums(engine: EngineClient): Checksums {
  return ({ columns }, path) => engine.call('checksum', { columns: copiedColumns(columns), path });
}

function allColumns(columns: readonly StoredColumn[]) {
  return columns.flatMap(physicalParts);
}
