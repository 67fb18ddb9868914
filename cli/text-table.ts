import { printable, type Terminal } from './terminal.ts';

const MOST_CELL = 60;
const GAP = '  ';
/** How many rows are looked at before the first one is written. */
const FIRST_ROWS = 200;

/** A value of a table as text; null is empty in CSV and marked in tables. */
export type Cell = string | number | boolean | null;

export interface TextTable {
  add(row: readonly Cell[]): Promise<void>;
  /** Writes what is not written yet. */
  end(): Promise<void>;
}

/** A table with aligned columns, numbers to the right. The first rows decide the widths. Long cells are shortened on a terminal only. */
export function openTable(terminal: Terminal, names: readonly string[]): TextTable {
  const { style, outputIsTerminal } = terminal;
  const limit = outputIsTerminal ? MOST_CELL : Number.POSITIVE_INFINITY;
  const heads = names.map((name) => shortened(name, limit));
  let first: (readonly Cell[])[] | null = [];
  let widths: readonly number[] = [];
  let right: readonly boolean[] = [];

  async function write(cells: readonly string[], paint: (text: string, column: number) => string): Promise<void> {
    const padded = cells.map((text, column) => {
      const fill = ' '.repeat(Math.max(0, (widths[column] ?? 0) - text.length));
      const isLast = column === cells.length - 1;
      return right[column] ? fill + paint(text, column) : paint(text, column) + (isLast ? '' : fill);
    });
    await terminal.write(`${padded.join(GAP)}\n`);
  }
  const texts = (row: readonly Cell[]): readonly string[] => row.map((cell) => shortened(String(cell), limit));
  const writeRow = (row: readonly Cell[]): Promise<void> =>
    write(texts(row), (text, column) => (row[column] === null ? style('dim', text) : text));

  async function start(rows: readonly (readonly Cell[])[]): Promise<void> {
    first = null;
    widths = heads.map((head, column) => Math.max(head.length, ...rows.map((row) => texts(row)[column]?.length ?? 0)));
    right = heads.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
    await write(heads, (text) => style('bold', text));
    for (const row of rows) await writeRow(row);
  }

  return {
    async add(row) {
      if (first === null) await writeRow(row);
      else if (first.push(row) === FIRST_ROWS) await start(first);
    },
    async end() {
      if (first !== null) await start(first);
    },
  };
}

/** Records of RFC 4180. */
export function csvLine(cells: readonly Cell[]): string {
  return `${cells
    .map((cell) => (cell === null ? '' : String(cell)))
    .map((text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text))
    .join(',')}\n`;
}

function shortened(text: string, limit: number): string {
  const clean = printable(text);
  return clean.length > limit ? `${clean.slice(0, limit - 1)}…` : clean;
}
