/** Quotes a name for DuckDB: whatever it holds, it stays one identifier. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a text for DuckDB: whatever it holds, it stays one string. */
export function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
