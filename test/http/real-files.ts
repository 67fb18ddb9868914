import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sharedFile } from '../server.ts';

export type Cell = number | string;

/** A column of a file as the test itself reads it: times are milliseconds. */
export interface RealColumn {
  readonly name: string;
  readonly type: 'integer' | 'number' | 'text' | 'timestamp' | 'date';
  readonly cells: readonly Cell[];
}

export interface RealFile {
  readonly name: string;
  readonly rows: number;
  readonly columns: readonly RealColumn[];
  column(name: string): RealColumn;
}

const TYPES: Readonly<Record<string, readonly RealColumn['type'][]>> = {
  'flights-airport': ['text', 'text', 'integer'],
  machine_temperature: ['timestamp', 'number'],
  nyc_taxi: ['timestamp', 'integer'],
  'seattle-weather-hourly-normals': ['timestamp', 'number', 'number', 'number'],
  stocks: ['text', 'date', 'number'],
};
export const REAL_FILES = Object.keys(TYPES);

const folder = fileURLToPath(new URL('../../../shared/data', import.meta.url));
/** Why tests of the real files are skipped; false where the files are there. */
export const NO_REAL_FILES = existsSync(folder) ? false : `the files are not in ${folder}`;

/** Reads a file that has no quotes, by splitting it: nothing of Thena's, and nothing of DuckDB's. */
export function realFile(name: string): RealFile {
  const [header = '', ...lines] = sharedFile(`${name}.csv`).bytes.toString().trim().split(/\r?\n/);
  const records = lines.map((line) => line.split(','));
  const columns = header.split(',').map((column, index): RealColumn => {
    const type = TYPES[name]?.[index] ?? 'text';
    return { name: column, type, cells: records.map((record) => cellOf(record[index] ?? '', type)) };
  });
  return {
    name,
    rows: records.length,
    columns,
    column(wanted) {
      const found = columns.find((column) => column.name === wanted);
      if (!found) throw new Error(`${name} has no ${wanted}`);
      return found;
    },
  };
}

function cellOf(text: string, type: RealColumn['type']): Cell {
  if (type === 'text') return text;
  if (type === 'timestamp') return Date.parse(`${text.replace(' ', 'T')}Z`);
  return type === 'date' ? Date.parse(`${text} UTC`) : Number(text);
}

/** A cell in the form that an answer has it in. */
export function jsonOf(cell: Cell, type: RealColumn['type']): Cell {
  if (type === 'timestamp') return `${new Date(cell).toISOString().slice(0, 19)}Z`;
  return type === 'date' ? new Date(cell).toISOString().slice(0, 10) : cell;
}

/** In the order of answers: texts by their bytes, which are those of UTF-8. */
export function ordered(a: Cell, b: Cell): number {
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a - (b as number);
}
