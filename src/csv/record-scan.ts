import { readFileSync } from 'node:fs';
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
const COUNTS = new Int32Array(memory.buffer, 0, 5);
const TEXT = Buffer.from(memory.buffer, textStart(), textRoom());
/** Longest part of a record that is kept until the rest comes; plain text is then scanned once more. */
const MAX_CARRY_BYTES = 16 * 1024;
/** Most bytes that one scan of plain text takes. */
export const MAX_SCAN_BYTES = TEXT.length - MAX_CARRY_BYTES;

const NOTHING = Buffer.alloc(0);
const ALL_SHAPES = 2 ** FIELD_SHAPES.length - 1;

/** The lines that end in a piece of text. */
export interface ScannedLines {
  readonly lines: number;
  /** Those that are empty; the first one does not count here, since it may have begun earlier. */
  readonly blank: number;
  /** Bytes of the first one that stand in this piece, without its line feed. */
  readonly firstLine: number;
  /** Offset behind the last line feed. */
  readonly lastLineEnd: number;
}

/** Finds the lines of plain text (no quotes, no carriage returns), and the shapes of the fields of any CSV text. */
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

  /** @param text plain, at most MAX_SCAN_BYTES */
  plain(text: Buffer): ScannedLines {
    const before = this.#carry.copy(TEXT);
    const { lines, blank, firstLine, lastLineEnd } = this.#scan(before + text.copy(TEXT, before));
    if (lines === 0) {
      this.#carryOn(text);
      return { lines, blank, firstLine: 0, lastLineEnd: 0 };
    }
    this.#begin(text.subarray(lastLineEnd - before));
    return { lines, blank, firstLine: firstLine - before, lastLineEnd: lastLineEnd - before };
  }

  /**
   * Looks at text in which others found the records.
   *
   * @param recordEnd how many of its bytes belong to records that are complete
   */
  quoted(text: Buffer, recordEnd: number): void {
    if (recordEnd === 0) {
      this.#carryOn(text);
      return;
    }
    const length = this.#carry.length + recordEnd;
    if (length <= TEXT.length && this.#carryIsWhole) {
      text.copy(TEXT, this.#carry.copy(TEXT), 0, recordEnd);
      if (this.#scan(length).lastLineEnd !== length) this.#shapes.fill(0);
    } else {
      this.#shapes.fill(0);
    }
    this.#begin(text.subarray(recordEnd));
  }

  /** Forgets the last bytes of a record that is not whole: they come again, or never. */
  takeBack(bytes: number): void {
    if (bytes > 0) this.#carry = this.#carry.subarray(0, -bytes);
  }

  /** The shapes that all fields of each column have, of the records that became whole since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[] {
    const taken = Array.from(this.#shapes, (bits) => FIELD_SHAPES.filter((_, index) => bits & (1 << index)));
    this.#shapes.fill(this.#carryIsWhole ? ALL_SHAPES : 0);
    return taken;
  }

  /** @param length of the text in TEXT */
  #scan(length: number): ScannedLines {
    const shapes = new Uint8Array(memory.buffer, shapesStart(), this.#shapes.length);
    shapes.set(this.#shapes);
    scan(length, this.#delimiter, this.#quote, shapes.length);
    const [lines = 0, blank = 0, firstLine = 0, lastLineEnd = 0, irregular = 0] = COUNTS;
    this.#shapes.set(shapes);
    if (irregular === 1) this.#shapes.fill(0);
    return { lines, blank, firstLine, lastLineEnd };
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
