import type { ColumnType } from '../../model/columns.ts';

/** DuckDB's type for the values of each type. A column without values stores nothing; its type does not matter. */
export const DUCKDB_TYPES: Readonly<Record<ColumnType, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  text: 'VARCHAR',
  unknown: 'BOOLEAN',
};
