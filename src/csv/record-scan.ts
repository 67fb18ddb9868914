import { readFileSync } from 'node:fs';
import { FIELD_SHAPES, type FieldShape } from './field-shapes.ts';
import { countLineFeeds } from './newlines.ts';

/** The exports of `wasm/record-scan.ts`. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  textStart(): number;
  shapesStart(): number;
  textRoom(): number;
  scan(length: number, delimiter: number, quote: number, columns: number): void;
}

// TypeScript declares it only in its library for browsers.
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

const { memory, textStart, shapesStart, textRoom, scan } = new WebAssembly.Instance(
  new WebAssembly.Module(readFileSync(new URL('./record-scan.wasm', import.meta.url))),
).exports as Exports;

/** Shared by all scans, since each is synchronous. */
const COUNTS = new Int32Array(memory.buffer, 0, 14);
const TEXT = Buffer.from(memory.buffer, textStart(), textRoom());
/** How much of an incomplete record is kept, to be scanned again with the rest of the record. */
const MAX_CARRY_BYTES = 16 * 1024;
/** Largest text of one scan. */
export const MAX_SCAN_BYTES = TEXT.length - MAX_CARRY_BYTES;

const NOTHING = Buffer.alloc(0);
const ALL_SHAPES = 2 ** FIELD_SHAPES.length - 1;

/** How a text ends. In the order of the constants in `wasm/record-scan.ts`. */
export type Ending = 'no quotes' | 'in quotes' | 'closed' | 'closed and spaces' | 'closed and text';
const ENDINGS: readonly Ending[] = ['no quotes', 'in quotes', 'closed', 'closed and spaces', 'closed and text'];

/** What a scan found. Records include empty lines. */
export interface ScannedRecords {
  /** Records that end in the text. */
  readonly records: number;
  /** How many of them are empty, except for the first one, which may have begun in an earlier text. */
  readonly blank: number;
  /** Bytes of the first record in this text, without its line feed. */
  readonly firstRecord: number;
  /** Offset after the line feed of the last record. */
  readonly lastRecordEnd: number;
  /** Line feeds in quotes in this text. */
  readonly quotedLineFeeds: number;
  /** Line feeds in quotes of the incomplete record, including those in earlier texts. */
  readonly quotedInRest: number;
  /** Line feeds from the start of the previously incomplete record to the quote that opened the latest quoted field; -1 if none did. */
  readonly openedAfter: number;
  readonly ending: Ending;
  /** Number of fields of the first record; without those in earlier texts if `isPartial`. */
  readonly firstFields: number;
  /** Whether another record than the first does not have as many fields as there are columns. */
  readonly irregular: boolean;
  /** Delimiters in the incomplete record; without those in earlier texts if it is the first one and `isPartial`. */
  readonly delimitersInRest: number;
  /** Whether the scan did not see all of the first record, since too much of it was in earlier texts. */
  readonly isPartial: boolean;
  /** As `openedAfter`, for the first unquoted field that contains a quote. */
  readonly quoteInTextAfter: number;
  /** Whether anything, such as spaces, follows the quote that closes a field. */
  readonly hasTextAfterQuotes: boolean;
}

/** Finds records and the shapes of fields in CSV text that has no carriage returns outside of quotes. */
export class RecordScan {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #shapes: Uint8Array;
  /** The incomplete record. */
  #carry: Buffer = NOTHING;
  /** Whether `#carry` contains all of it so far. */
  #carryIsWhole = true;

  /** @param quote 0 if there is none */
  constructor(delimiter: number, quote: number, columns: number) {
    this.#delimiter = delimiter;
    this.#quote = quote;
    this.#shapes = new Uint8Array(columns).fill(ALL_SHAPES);
  }

  /** Whether text with quotes can be scanned: that requires all of the incomplete record. */
  get canQuote(): boolean {
    return this.#carryIsWhole;
  }

  /** Scans text without quotes that is not in quotes. @param text at most MAX_SCAN_BYTES */
  plain(text: Buffer): ScannedRecords {
    const before = this.#carry.copy(TEXT);
    return this.#take(this.#scan(before + text.copy(TEXT, before)), before, text);
  }

  /**
   * Scans text that may contain quotes. Requires `canQuote`.
   *
   * @param text at most MAX_SCAN_BYTES
   * @returns null if the text has to be changed or refused: it has spaces before a quote, or a quote after a closed field
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
   * Scans the shapes of text in which the records are already found.
   *
   * @param recordEnd how many of its bytes belong to complete records
   */
  follow(text: Buffer, recordEnd: number): void {
    if (recordEnd === 0) {
      this.#continueRecord(text);
      return;
    }
    const length = this.#carry.length + recordEnd;
    if (length <= TEXT.length && this.#carryIsWhole) {
      text.copy(TEXT, this.#carry.copy(TEXT), 0, recordEnd);
      if (this.#scan(length).lastRecordEnd !== length) this.#shapes.fill(0);
    } else {
      this.#shapes.fill(0);
    }
    this.#startRecord(text.subarray(recordEnd));
  }

  /** Removes the last bytes of the incomplete record, which may be scanned again. */
  dropLast(bytes: number): void {
    if (bytes > 0) this.#carry = this.#carry.subarray(0, -bytes);
  }

  /** For each column, the shapes of all its fields in the records that were completed since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[] {
    const taken = Array.from(this.#shapes, (bits) => FIELD_SHAPES.filter((_, index) => bits & (1 << index)));
    this.#shapes.fill(this.#carryIsWhole ? ALL_SHAPES : 0);
    return taken;
  }

  /** Scans TEXT. @param length of the text in it */
  #scan(length: number): ScannedRecords & { readonly odd: boolean } {
    const shapes = new Uint8Array(memory.buffer, shapesStart(), this.#shapes.length);
    shapes.set(this.#shapes);
    scan(length, this.#delimiter, this.#quote, shapes.length);
    this.#shapes.set(shapes);
    const count = (index: number): number => COUNTS[index] ?? 0;
    const firstIsIrregular = count(2) > 0 && count(10) !== this.#shapes.length;
    if (count(4) === 1 || firstIsIrregular) this.#shapes.fill(0);
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
      firstFields: count(10),
      irregular: count(4) === 1,
      delimitersInRest: count(11),
      isPartial: !this.#carryIsWhole,
      quoteInTextAfter: count(12),
      hasTextAfterQuotes: count(13) === 1,
    };
  }

  /** Converts what was found in the carry and the text. @param before length of the carry */
  #take(found: ScannedRecords, before: number, text: Buffer): ScannedRecords {
    const quotedLineFeeds = found.quotedLineFeeds - countLineFeeds(this.#carry);
    const isPart = found.records === 0;
    if (isPart) this.#continueRecord(text);
    else this.#startRecord(text.subarray(found.lastRecordEnd - before));
    return {
      ...found,
      firstRecord: isPart ? 0 : found.firstRecord - before,
      lastRecordEnd: isPart ? 0 : found.lastRecordEnd - before,
      quotedLineFeeds,
    };
  }

  /** Starts a record. */
  #startRecord(text: Buffer): void {
    this.#carry = NOTHING;
    this.#carryIsWhole = true;
    this.#continueRecord(text);
  }

  /** Continues a record. Copies the text, since its memory is reused. */
  #continueRecord(text: Buffer): void {
    const length = this.#carry.length + text.length;
    this.#carryIsWhole &&= length <= MAX_CARRY_BYTES;
    this.#carry = this.#carryIsWhole ? Buffer.concat([this.#carry, text], length) : NOTHING;
    if (!this.#carryIsWhole) this.#shapes.fill(0);
  }
}
