import type { ParsedFile } from '../model/parsed-columns.ts';
import type { ValueFormat } from '../model/value-format.ts';
import { CombinedColumn, columnsOfRecords } from './combined-column.ts';
import { excerpt } from './excerpt.ts';
import type { CsvRecord } from './record-reader.ts';
import { parserFor, type ValueParser } from './values/value-parser.ts';

/** A field as it is written in a file, and the value that is stored for it, in its JSON form. */
export interface SampleCell {
  /** '' for an empty field. Cut to a readable length, like a value that is text. */
  readonly text: string;
  readonly value: string | number | boolean | null;
}

export type SampleRow = readonly SampleCell[];

const MAX_ROWS = 20;
/** Of all texts: with very many columns, there are fewer rows. */
const MAX_CHARACTERS = 128 * 1024;

/** Takes the first rows of a file. */
export class SampleRows {
  readonly rows: SampleRow[] = [];
  readonly #columns: readonly { readonly format: ValueFormat; readonly parser: ValueParser }[];
  readonly #combined: CombinedColumn | null;
  #characters = 0;

  constructor(file: ParsedFile) {
    const words = new Set(file.nulls);
    this.#combined = CombinedColumn.of(file);
    this.#columns = columnsOfRecords(file).map(({ format }) => ({ format, parser: parserFor(format, words) }));
  }

  get isFull(): boolean {
    return this.rows.length === MAX_ROWS || this.#characters > MAX_CHARACTERS;
  }

  /** Leaves out what cannot become a row. */
  add(record: CsvRecord): void {
    const { fields, malformed } = record;
    if (this.isFull || malformed !== null || fields.length !== this.#columns.length) return;
    const row: SampleCell[] = [];
    for (const [index, { format, parser }] of this.#columns.entries()) {
      const field = fields[index] ?? null;
      const value = parser.parse(field);
      if (typeof value === 'object' && value !== null) return;
      row.push({ text: excerpt(field ?? ''), value: jsonValue(value, format) });
    }
    if (this.#combined !== null) {
      const value = this.#combined.parse(record);
      if (typeof value === 'object' && value !== null) return;
      const texts = [fields[this.#combined.day], fields[this.#combined.clock]].map((text) => text ?? '');
      row.push({ text: excerpt(texts.join(' ').trim()), value: jsonValue(value, { type: 'timestamp' }) });
    }
    this.rows.push(row);
    this.#characters += row.reduce((sum, { text }) => sum + text.length, 0);
  }
}

/** @param value canonical text. @returns the form that the value has in all JSON of the API */
function jsonValue(value: string | null, { type }: Pick<ValueFormat, 'type'>): SampleCell['value'] {
  if (value === null) return null;
  switch (type) {
    case 'boolean':
      return value === 'true';
    case 'integer':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case 'number': {
      const number = Number(value.replace('inf', 'Infinity'));
      return Number.isFinite(number) ? number : String(number);
    }
    case 'date':
      return value;
    case 'timestamp':
      return `${value.replace(' ', 'T').replace(/(\.\d*?)0+$/, '$1')}Z`;
    default:
      return excerpt(value);
  }
}
