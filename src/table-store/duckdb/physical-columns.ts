import type { Column, ColumnType, StoredColumn } from '../../model/columns.ts';
import { physicalParts } from '../../model/physical-columns.ts';
import { timeTextSql } from './time-text.ts';

/** Returns the SQL that reads a column of a table: the name of its stored column, or an expression over several. */
export type Physical = (column: Pick<Column, 'name'>) => string;

/** Whole numbers from here on are no integers. */
const END_OF_INTEGERS = 2n ** 63n;
/** Up to this, a DOUBLE keeps all whole numbers. */
export const GREATEST_EXACT = 2n ** 53n;

/** @param columns of the table, in the table's order */
export function physicalColumns(columns: readonly StoredColumn[]): Physical {
  const expressions = new Map(columns.map((column, index) => [column.name, readSql(column, index)]));
  return ({ name }) => {
    const sql = expressions.get(name);
    if (sql === undefined) throw new Error(`the table has no column ${JSON.stringify(name)}`);
    return sql;
  };
}

/** A row has its value in one of the parts. Parts that cannot hold a value of this type have values of uncommitted rows only. */
function readSql(column: StoredColumn, index: number): string {
  const sources = physicalParts(column, index).flatMap(({ name, type }) => convertedSql(name, type, column.type) ?? []);
  const [only] = sources;
  if (only === undefined) return 'CAST(NULL AS DOUBLE)';
  return sources.length === 1 ? only : `coalesce(${sources.join(', ')})`;
}

/** @returns null if a value of this type is never read as the other */
function convertedSql(name: string, from: ColumnType, to: ColumnType): string | null {
  if (from === 'unknown' || to === 'unknown') return null;
  if (from === to) return name;
  if (to === 'text') return textSql(name, from);
  if (from === 'integer' && to === 'number') return `CAST(${name} AS DOUBLE)`;
  // Whole numbers that were stored while the column was number. An uncommitted row may have other ones, for which a CAST fails.
  if (from === 'number' && to === 'integer') return integerSql(name);
  return null;
}

/**
 * The whole number that a DOUBLE is written as, in the shortest digits that are read as the same DOUBLE: past 2^53, it may be another one
 * than its exact value. Such numbers are stored only if they were written in these digits.
 */
export function writtenInteger(double: string): string {
  return `TRY_CAST(CAST(${double} AS VARCHAR) AS DECIMAL(38, 0))`;
}

/** A whole number as an integer. */
function integerSql(double: string): string {
  const isSmall = `abs(${double}) <= ${GREATEST_EXACT}`;
  return `CASE WHEN ${isSmall} THEN TRY_CAST(${double} AS BIGINT) ELSE TRY_CAST(${writtenInteger(double)} AS BIGINT) END`;
}

/** A value as the text that it becomes in a column that is widened to text. */
function textSql(name: string, from: ColumnType): string {
  switch (from) {
    case 'number': {
      const isWhole = `${name} = trunc(${name}) AND abs(${name}) < ${END_OF_INTEGERS}`;
      const special = `WHEN isnan(${name}) THEN 'NaN' WHEN isinf(${name}) THEN CASE WHEN ${name} > 0 THEN 'Infinity' ELSE '-Infinity' END`;
      return `CASE ${special} WHEN ${isWhole} THEN CAST(${integerSql(name)} AS VARCHAR) ELSE CAST(${name} AS VARCHAR) END`;
    }
    case 'date':
    case 'timestamp':
      return timeTextSql(from, name);
    default:
      return `CAST(${name} AS VARCHAR)`;
  }
}
