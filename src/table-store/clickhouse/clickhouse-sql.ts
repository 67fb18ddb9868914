/** Quotes a text as one string literal for ClickHouse, whatever characters it contains. */
export function literal(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

/** Quotes a name as one identifier for ClickHouse, whatever characters it contains. */
export function identifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
