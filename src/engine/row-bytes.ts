import type { ScannedValue } from './row-scan.ts';

/** About what a row takes: its texts, and 8 bytes for every other value. */
export function rowBytes(row: readonly ScannedValue[]): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 8), 0);
}
