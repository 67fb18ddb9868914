/** What a table is after uploads and undos, by the rules of docs/files.md: no store, no parts, only values and types. */

/** A cell: its text, and the type that it has if nothing else decides. */
export interface Cell {
  readonly text: string;
  readonly type: 'integer' | 'number' | 'boolean' | 'date' | 'timestamp' | 'text' | 'empty';
}

export type Type = Exclude<Cell['type'], 'empty'> | 'unknown';

/** A file: its columns, each with the cells of its rows. */
export interface ModelFile {
  readonly columns: readonly (readonly Cell[])[];
  readonly widen: boolean;
}

/** A file that was stored: as which type each column was read, and which type its values need. */
interface Stored {
  readonly file: ModelFile;
  readonly read: readonly Type[];
  readonly needs: readonly Type[];
}

export class TableModel {
  /** Null for uploads that failed or were undone. */
  readonly uploads: (Stored | null)[] = [];
  timeColumn: number | null = null;
  /** The types that the columns were created with. */
  #created: readonly Type[] | null = null;

  get types(): readonly Type[] | null {
    return (
      this.#created?.map((created, column) =>
        this.#stored().reduce((type, { needs }) => wider(type, needs[column]), created),
      ) ?? null
    );
  }

  /** @returns whether the file is stored */
  append(file: ModelFile): boolean {
    const before = this.types;
    const read = file.columns.map((cells, column) =>
      this.#readAs(cells, column, before?.[column] ?? 'unknown', file.widen),
    );
    if (read.includes(null)) {
      this.uploads.push(null);
      return false;
    }
    const types = read as readonly Type[];
    this.#created ??= types;
    const needs = types.map((type, column) => needed(type, file.columns[column] ?? []));
    this.uploads.push({ file, read: types, needs });
    const isNew = (column: number): boolean => before === null || before[column] === 'unknown';
    const first = (wanted: Type): number => types.findIndex((type, column) => type === wanted && isNew(column));
    if (this.timeColumn === null) {
      const found = first('timestamp') === -1 ? first('date') : first('timestamp');
      this.timeColumn = found === -1 ? null : found;
    }
    return true;
  }

  undo(upload: number): void {
    this.uploads[upload] = null;
    if (this.#stored().length === 0) this.#created = null;
    const type = this.timeColumn === null ? null : this.types?.[this.timeColumn];
    if (type !== 'date' && type !== 'timestamp') this.timeColumn = null;
  }

  /** In JSON. */
  get rows(): readonly (readonly unknown[])[] {
    const types = this.types ?? [];
    return this.#stored().flatMap(({ file, read }) =>
      (file.columns[0] ?? []).map((_, row) =>
        types.map((type, column) => shown(file.columns[column]?.[row] as Cell, read[column] as Type, type)),
      ),
    );
  }

  #stored(): readonly Stored[] {
    return this.uploads.filter((upload) => upload !== null);
  }

  #readAs(cells: readonly Cell[], column: number, known: Type, widen: boolean): Type | null {
    const values = cells.filter(({ type }) => type !== 'empty');
    if (known === 'unknown') return newType(values);
    if (values.every((cell) => fits(cell, known))) return known;
    const isWider = known === 'integer' && values.every((cell) => fits(cell, 'number')) && this.#keepsIntegers(column);
    if (isWider) return 'number';
    return widen && column !== this.timeColumn ? 'text' : null;
  }

  #keepsIntegers(column: number): boolean {
    return this.#stored().every(({ file, read }) =>
      (file.columns[column] ?? []).every((cell) => read[column] === 'text' || cell.type !== 'integer' || isExact(cell)),
    );
  }
}

function newType(values: readonly Cell[]): Type {
  if (values.length === 0) return 'unknown';
  const types: readonly Type[] = ['integer', 'number', 'boolean', 'date', 'timestamp'];
  return types.find((type) => values.every((cell) => fits(cell, type))) ?? 'text';
}

function fits(cell: Cell, type: Type): boolean {
  if (type === 'text' || cell.type === type) return true;
  if (type === 'number') return cell.type === 'integer' && isExact(cell);
  return type === 'timestamp' && cell.type === 'date';
}

/** Whether it is written in the digits of a 64-bit float. */
function isExact({ text }: Cell): boolean {
  return String(Number(text)) === text;
}

function needed(read: Type, cells: readonly Cell[]): Type {
  const values = cells.filter(({ type }) => type !== 'empty');
  if (values.length === 0) return 'unknown';
  return read === 'number' && values.every(({ type }) => type === 'integer') ? 'integer' : read;
}

function wider(type: Type, needs: Type = 'unknown'): Type {
  if (type === needs || needs === 'unknown') return type;
  if (type === 'unknown') return needs;
  return [type, needs].every((each) => each === 'integer' || each === 'number') ? 'number' : 'text';
}

function shown({ text, type }: Cell, read: Type, now: Type): unknown {
  if (type === 'empty') return null;
  if (read === 'text') return text;
  switch (now) {
    case 'integer':
      return Number.isSafeInteger(Number(text)) ? Number(text) : text;
    case 'number':
      return Number(text);
    case 'boolean':
      return text === 'true';
    case 'text':
      return read === 'number' ? String(Number(text)) : inIso(text, read);
    default:
      return inIso(text, read);
  }
}

function inIso(text: string, read: Type): string {
  if (read !== 'timestamp') return text;
  return text.includes(':') ? `${text.replace(' ', 'T')}Z` : `${text}T00:00:00Z`;
}
