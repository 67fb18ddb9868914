import type { ColumnType } from '../../model/columns.ts';
import { END_OF_INTEGERS, GREATEST_EXACT } from '../sql/physical-columns.ts';
import { doubleTextSql, timeTextSql } from './text-forms.ts';

/** Reads a stored value as another type. @returns null if a value of this type is never read as the other */
export function converted(name: string, from: ColumnType, to: ColumnType): string | null {
  if (from === 'unknown' || to === 'unknown') return null;
  if (from === to) return name;
  if (to === 'text') return textSql(name, from);
  if (from === 'integer' && to === 'number') return `toFloat64(${name})`;
  // Whole numbers that were stored while the column was number. An uncommitted row may have other ones.
  if (from === 'number' && to === 'integer') return integerSql(name);
  return null;
}

/**
 * The whole number that a double is written as, in the shortest digits that are read as the same double: past 2^53, it may be another one
 * than its exact value. Such numbers are stored only if they were written in these digits. Null from 10^21 on.
 */
export function writtenInteger(double: string): string {
  return `toInt128OrNull(toString(${double}))`;
}

/** A whole number as an integer. */
function integerSql(double: string): string {
  const isSmall = `abs(${double}) <= ${GREATEST_EXACT}`;
  return `if(${isSmall}, accurateCastOrNull(${double}, 'Int64'), toInt64OrNull(toString(${double})))`;
}

/** A value as the text that it becomes in a column that is widened to text. */
function textSql(name: string, from: ColumnType): string {
  switch (from) {
    case 'number': {
      const isWhole = `${name} = trunc(${name}) AND abs(${name}) < ${END_OF_INTEGERS}`;
      const special = `isNaN(${name}), 'NaN', isInfinite(${name}), if(${name} > 0, 'Infinity', '-Infinity')`;
      // Plus 0, since -0 is written without its sign.
      return `multiIf(${special}, ${isWhole}, toString(${name} + 0.), ${doubleTextSql(name)})`;
    }
    case 'date':
    case 'timestamp':
      return timeTextSql(from, name);
    default:
      return `toString(${name})`;
  }
}
