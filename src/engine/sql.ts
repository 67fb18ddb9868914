import { basename } from 'node:path';

/** Quotes a name for DuckDB: whatever it holds, it stays one identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text for DuckDB: whatever it holds, it stays one string. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The name under which a table file is attached, quoted. @param database path of the file */
export function catalogName(database: string): string {
  return identifier(basename(database));
}

/** The only table of a customer's file, quoted. @param database path of the file */
export function tableName(database: string): string {
  return `${catalogName(database)}.main.rows`;
}
