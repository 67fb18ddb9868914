import { readFileSync } from 'node:fs';
import type { CsvDialect } from './dialect.ts';

/** The exports of `wasm/field-index.ts`. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  wantedStart(): number;
  placesStart(): number;
  placesRoom(): number;
  lengthsStart(): number;
  valuesStart(): number;
  textStart(): number;
  textRoom(): number;
  outStart(): number;
  findFields(length: number, delimiter: number, quote: number, columns: number, wanted: number): void;
  replaceFields(records: number, wanted: number, appends: number): number;
}

// TypeScript declares it only in its library for browsers.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const wasm = new WebAssembly.Instance(
  new WebAssembly.Module(readFileSync(new URL('./field-index.wasm', import.meta.url))),
).exports as Exports;

/** Shared by all, since each use is synchronous. */
const { buffer } = wasm.memory;
const COUNTS = new Int32Array(buffer, 0, 4);
const MAX_COLUMNS = 4096;
const WANTED = Buffer.from(buffer, wasm.wantedStart(), MAX_COLUMNS);
const TEXT = Buffer.from(buffer, wasm.textStart(), wasm.textRoom());
const OUT = Buffer.from(buffer, wasm.outStart());
const PLACES = new Uint32Array(buffer, wasm.placesStart(), wasm.placesRoom() / 4);

/** Texts that replace fields, one behind the other, and their lengths. */
export const VALUES = Buffer.from(buffer, wasm.valuesStart(), wasm.textStart() - wasm.valuesStart());
export const VALUE_LENGTHS = Buffer.from(buffer, wasm.lengthsStart(), wasm.valuesStart() - wasm.lengthsStart());
/** Instead of a length: the field stays as it is. */
export const KEEP = 255;
/** Places of a record that are not those of a field: line feeds before it, where it begins, where it ends. */
export const RECORD_PLACES = 3;

/** Regular records: they have as many fields as there are columns, and nothing but delimiters next to their quotes. */
export interface FoundFields {
  /** The offsets below are those in this text. */
  readonly text: Buffer;
  readonly records: number;
  /** For each record: RECORD_PLACES, then where each wanted field begins and ends, with its quotes. */
  readonly places: Uint32Array;
  /** How many columns are wanted. */
  readonly wanted: number;
  /** How many bytes they have, with their line feeds and blank lines. */
  readonly bytes: number;
  readonly lineFeeds: number;
  /** Whether the next record is not regular. */
  readonly isOddNext: boolean;
}

/** Finds fields in CSV text without making texts or objects of them. What was found is overwritten when anything is found again. */
export class FieldIndex {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #columns: number;

  /** @param columns at most 4096 */
  constructor({ delimiter, quote }: Pick<CsvDialect, 'delimiter' | 'quote'>, columns: number) {
    if (columns > MAX_COLUMNS) throw new Error(`more than ${MAX_COLUMNS} columns`);
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote === '' ? 0 : quote.charCodeAt(0);
    this.#columns = columns;
  }

  /**
   * Finds the first records, as many as there is room for.
   *
   * @param text that begins with a record
   * @param wanted by column: whether its fields are to be found
   */
  find(text: Buffer, wanted: readonly boolean[]): FoundFields {
    let count = 0;
    for (let index = 0; index < this.#columns; index++) {
      WANTED[index] = wanted[index] === true ? 1 : 0;
      if (wanted[index] === true) count++;
    }
    wasm.findFields(text.copy(TEXT), this.#delimiter, this.#quote, this.#columns, count);
    const [records = 0, bytes = 0, lineFeeds = 0, odd] = COUNTS;
    return { text: TEXT, records, places: PLACES, wanted: count, bytes, lineFeeds, isOddNext: odd === 1 };
  }
}

/**
 * The records that were found last, with the texts in VALUES instead of their wanted fields.
 *
 * @param appends whether each record gets one more text, at its end
 * @returns valid until anything is found again
 */
export function replacedFields({ records, wanted }: FoundFields, appends: boolean): Buffer {
  return OUT.subarray(0, wasm.replaceFields(records, wanted, appends ? 1 : 0));
}
