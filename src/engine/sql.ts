import { basename } from 'node:path';

/** Quotes a name as one identifier for DuckDB, whatever characters it contains. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text as one string literal for DuckDB, whatever characters it contains. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The quoted name under which a table file is attached. @param database path of the file */
export function catalogName(database: string): string {
  return identifier(basename(database));
}

/** The quoted name of the only table in a customer's file. @param database path of the file */
export function tableName(database: string): string {
  return `${catalogName(database)}.main.rows`;
}
