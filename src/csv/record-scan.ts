import { readFileSync } from 'node:fs';
import { countLineFeeds } from './count-line-feeds.ts';
import { FIELD_SHAPES, type FieldShape } from './field-shapes.ts';

/** What `wasm/record-scan.ts` exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  textStart(): number;
  shapesStart(): number;
  textRoom(): number;
  scan(length: number, delimiter: number, quote: number, columns: number): void;
}

// TypeScript knows it by the library of browsers alone.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const { memory, textStart, shapesStart, textRoom, scan } = new WebAssembly.Instance(
  new WebAssembly.Module(readFileSync(new URL('./record-scan.wasm', import.meta.url))),
).exports as Exports;

/** One for all: a scan ends before another begins. */
const COUNTS = new Int32Array(memory.buffer, 0, 10);
const TEXT = Buffer.from(memory.buffer, textStart(), textRoom());
/** Longest part of a record that is kept until the rest comes; plain text is then scanned once more. */
const MAX_CARRY_BYTES = 16 * 1024;
/** Most bytes that one scan of plain text takes. */
export const MAX_SCAN_BYTES = TEXT.length - MAX_CARRY_BYTES;

const NOTHING = Buffer.alloc(0);
const ALL_SHAPES = 2 ** FIELD_SHAPES.length - 1;

/** How a piece of text ends: by `ENDINGS` of `wasm/record-scan.ts`. */
export type Ending = 'no quotes' | 'in quotes' | 'closed' | 'closed and spaces' | 'closed and text';
const ENDINGS: readonly Ending[] = ['no quotes', 'in quotes', 'closed', 'closed and spaces', 'closed and text'];

/** The records that end in a piece of text, empty lines among them. */
export interface ScannedRecords {
  readonly records: number;
  /** Those that are empty; the first one does not count here, since it may have begun earlier. */
  readonly blank: number;
  /** Bytes of the first one that stand in this piece, without its line feed. */
  readonly firstRecord: number;
  /** Offset behind the last one's line feed. */
  readonly lastRecordEnd: number;
  /** Line feeds in quotes in this piece. */
  readonly quotedLineFeeds: number;
  /** Those of the record that is not whole yet, also in the pieces before. */
  readonly quotedInRest: number;
  /** Line feeds since the start of the record that was not whole before, up to the quote that opened a field last; -1: none did. */
  readonly openedAfter: number;
  readonly ending: Ending;
}

/** Finds the records of CSV text that has no carriage returns outside of quotes, and the shapes of the fields. */
export class RecordScan {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #shapes: Uint8Array;
  /** The record that is not whole yet. */
  #carry: Buffer = NOTHING;
  /** Whether `#carry` is all of it that has come. */
  #carryIsWhole = true;

  /** @param quote 0 where there is none */
  constructor(delimiter: number, quote: number, columns: number) {
    this.#delimiter = delimiter;
    this.#quote = quote;
    this.#shapes = new Uint8Array(columns).fill(ALL_SHAPES);
  }

  /** Whether quotes can be understood: all of the record that is not whole is known. */
  get canQuote(): boolean {
    return this.#carryIsWhole;
  }

  /** @param text without quotes, and not within any; at most MAX_SCAN_BYTES */
  plain(text: Buffer): ScannedRecords {
    const before = this.#carry.copy(TEXT);
    return this.#take(this.#scan(before + text.copy(TEXT, before)), before, text);
  }

  /**
   * @param text at most MAX_SCAN_BYTES; only where `canQuote`
   * @returns null where it is to be changed: there are spaces before a quote, or one behind a field that was closed
   */
  quoted(text: Buffer): ScannedRecords | null {
    const before = this.#carry.copy(TEXT);
    const known = this.#shapes.slice();
    const found = this.#scan(before + text.copy(TEXT, before));
    if (!found.odd) return this.#take(found, before, text);
    this.#shapes.set(known);
    return null;
  }

  /**
   * Looks at text in which others found the records.
   *
   * @param recordEnd how many of its bytes belong to records that are complete
   */
  follow(text: Buffer, recordEnd: number): void {
    if (recordEnd === 0) {
      this.#carryOn(text);
      return;
    }
    const length = this.#carry.length + recordEnd;
    if (length <= TEXT.length && this.#carryIsWhole) {
      text.copy(TEXT, this.#carry.copy(TEXT), 0, recordEnd);
      if (this.#scan(length).lastRecordEnd !== length) this.#shapes.fill(0);
    } else {
      this.#shapes.fill(0);
    }
    this.#begin(text.subarray(recordEnd));
  }

  /** Forgets the last bytes of a record that is not whole: they come again, or never. */
  cancelOrUndo(bytes: number): void {
    if (bytes > 0) this.#carry = this.#carry.subarray(0, -bytes);
  }

  /** The shapes that all fields of each column have, of the records that became whole since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[] {
    const taken = Array.from(this.#shapes, (bits) => FIELD_SHAPES.filter((_, index) => bits & (1 << index)));
    this.#shapes.fill(this.#carryIsWhole ? ALL_SHAPES : 0);
    return taken;
  }

  /** @param length of the text in TEXT */
  #scan(length: number): ScannedRecords & { readonly odd: boolean } {
    const shapes = new Uint8Array(memory.buffer, shapesStart(), this.#shapes.length);
    shapes.set(this.#shapes);
    scan(length, this.#delimiter, this.#quote, shapes.length);
    this.#shapes.set(shapes);
    if (COUNTS[4] === 1) this.#shapes.fill(0);
    const count = (index: number): number => COUNTS[index] ?? 0;
    return {
      records: count(0),
      blank: count(1),
      firstRecord: count(2),
      lastRecordEnd: count(3),
      quotedLineFeeds: count(5),
      quotedInRest: count(6),
      openedAfter: count(7),
      odd: count(8) === 1,
      ending: ENDINGS[count(9)] ?? 'no quotes',
    };
  }

  /** @param before bytes of the carry, which stood before the text */
  #take(found: ScannedRecords, before: number, text: Buffer): ScannedRecords {
    const quotedLineFeeds = found.quotedLineFeeds - countLineFeeds(this.#carry);
    const isPart = found.records === 0;
    if (isPart) this.#carryOn(text);
    else this.#begin(text.subarray(found.lastRecordEnd - before));
    return {
      ...found,
      firstRecord: isPart ? 0 : found.firstRecord - before,
      lastRecordEnd: isPart ? 0 : found.lastRecordEnd - before,
      quotedLineFeeds,
    };
  }

  /** A record begins. */
  #begin(text: Buffer): void {
    this.#carry = NOTHING;
    this.#carryIsWhole = true;
    this.#carryOn(text);
  }

  /** A record goes on. Copied: the text's memory is its sender's. */
  #carryOn(text: Buffer): void {
    const length = this.#carry.length + text.length;
    this.#carryIsWhole &&= length <= MAX_CARRY_BYTES;
    this.#carry = this.#carryIsWhole ? Buffer.concat([this.#carry, text], length) : NOTHING;
    if (!this.#carryIsWhole) this.#shapes.fill(0);
  }
}
