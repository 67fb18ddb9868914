import type { ColumnType } from '../../model/columns.ts';
import { END_OF_INTEGERS, GREATEST_EXACT } from '../sql/physical-columns.ts';
import { numberTextSql } from './number-text.ts';
import { timeTextSql } from './time-text.ts';

/** Reads a stored value as another type. @returns null if a value of this type is never read as the other */
export function converted(name: string, from: ColumnType, to: ColumnType): string | null {
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
      return `CASE ${special} WHEN ${isWhole} THEN CAST(${integerSql(name)} AS VARCHAR) ELSE ${numberTextSql(name)} END`;
    }
    case 'date':
    case 'timestamp':
      return timeTextSql(from, name);
    default:
      return `CAST(${name} AS VARCHAR)`;
  }
}
