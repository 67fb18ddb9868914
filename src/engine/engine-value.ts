/** A value that crosses the channel between the main process and the engine. Times are microseconds since 1970-01-01T00:00:00Z. */
export type EngineValue = bigint | number | boolean | string | null;

/** About what a value takes in memory: the length of a text, and 8 bytes for anything else. */
export function valueBytes(value: unknown): number {
  return typeof value === 'string' ? value.length : 8;
}

/** About what a row takes in memory. */
export function rowBytes(row: readonly EngineValue[]): number {
  return row.reduce<number>((sum, value) => sum + valueBytes(value), 0);
}
