import type { Cell, DataColumn } from '../fixtures/data-files.ts';

/** A cell in the form it has in an answer. */
export function jsonOf(cell: Cell, type: DataColumn['type']): Cell {
  if (type === 'timestamp') return `${new Date(cell).toISOString().slice(0, 19)}Z`;
  return type === 'date' ? new Date(cell).toISOString().slice(0, 10) : cell;
}

/** The order of answers: texts by their UTF-8 bytes. */
export function ordered(a: Cell, b: Cell): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a - (b as number);
}
