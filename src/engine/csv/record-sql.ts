import type { ColumnFormat } from '../../model/columns.ts';
import { castSql } from './cast-sql.ts';
import { type ColumnTypes, textName } from './read-csv-sql.ts';

/** The name of the column at an index, as a value of its type. */
export const valueName = (index: number): string => `v${index}`;

/**
 * A query over columns `c0, c1, …` that adds their values `v0, v1, …`.
 *
 * @param texts a table or `read_csv` call with the columns `c0, c1, …`
 * @param options.types of the columns that are not texts, but values already
 * @param options.further more columns of `texts` to select
 */
export function valuesSql(
  texts: string,
  formats: readonly ColumnFormat[],
  exact: boolean,
  { types, further = [] }: { readonly types?: ColumnTypes; readonly further?: readonly string[] } = {},
): string {
  const values = formats.map((column, index) => {
    if (types?.[index]) return `${textName(index)} AS ${valueName(index)}`;
    const { value } = castSql(column, exact, textName(index), valueName(index));
    return `${textName(index)}, ${value} AS ${valueName(index)}`;
  });
  return `SELECT ${[...values, ...further].join(', ')} FROM ${texts}`;
}

/** True if the text of the column at an index is empty or was cast without loss. May be null, which means no. */
export function fitsSql(column: ColumnFormat, index: number, exact: boolean): string {
  if (column.type === 'text') return 'true';
  const text = textName(index);
  const { fits } = castSql(column, exact, text, valueName(index));
  return `((${fits}) OR ${text} IS NULL OR ${text} = '')`;
}

/**
 * True if every column of a record fits. May be null, which means no.
 *
 * @param types of the columns that were parsed directly, and need no check
 */
export function allFitSql(formats: readonly ColumnFormat[], exact: boolean, types: ColumnTypes = []): string {
  return allOf(formats.map((column, index) => (types[index] ? 'true' : fitsSql(column, index, exact))));
}

/** True only if `allFitSql` is, in a quarter of the time. */
export function allSurelyFitSql(formats: readonly ColumnFormat[], exact: boolean, types: ColumnTypes): string {
  const surelyFits = (column: ColumnFormat, index: number): string =>
    castSql(column, exact, textName(index), valueName(index)).surelyFits;
  return allOf(formats.map((column, index) => (types[index] ? 'true' : surelyFits(column, index))));
}

function allOf(conditions: readonly string[]): string {
  return conditions.filter((sql) => sql !== 'true').join(' AND ') || 'true';
}
