import type { LogicalType } from '../../model/columns.ts';

/** DuckDB's type for each logical type. */
export const DUCKDB_TYPES: Readonly<Record<LogicalType, string>> = {
  integer: 'BIGINT',
  number: 'DOUBLE',
  boolean: 'BOOLEAN',
  date: 'DATE',
  timestamp: 'TIMESTAMP',
  text: 'VARCHAR',
};
