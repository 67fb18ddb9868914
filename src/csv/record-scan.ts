import { readFileSync } from 'node:fs';
import { FIELD_SHAPES, type FieldShape } from './field-shapes.ts';

/** What `wasm/record-scan.ts` exports. */
interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  textStart(): number;
  shapesStart(): number;
  textRoom(): number;
  scan(length: number, delimiter: number, columns: number): void;
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
/** Longest record whose fields are looked at. */
const MAX_CARRY_BYTES = 64 * 1024;
/** Most bytes that one scan takes. */
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

/** Finds line ends in plain text (no quotes, no carriage returns), piece by piece, and the shapes of the fields. */
export class RecordScan {
  readonly #delimiter: number;
  readonly #shapes: Uint8Array;
  /** The record that is not whole yet. */
  #carry: Buffer = NOTHING;
  /** Whether `#carry` is all of it. */
  #carryIsWhole = true;

  constructor(delimiter: number, columns: number) {
    this.#delimiter = delimiter;
    this.#shapes = new Uint8Array(columns).fill(ALL_SHAPES);
  }

  /** @param text at most MAX_SCAN_BYTES */
  push(text: Buffer): ScannedLines {
    const before = this.#carry.copy(TEXT);
    const length = before + text.copy(TEXT, before);
    const shapes = new Uint8Array(memory.buffer, shapesStart(), this.#shapes.length);
    shapes.set(this.#shapes);
    scan(length, this.#delimiter, shapes.length);
    const [lines = 0, blank = 0, firstLine = 0, lastLineEnd = 0, irregular = 0] = COUNTS;
    this.#shapes.set(shapes);
    if (irregular === 1) this.#shapes.fill(0);
    this.#carryOn(lastLineEnd, length, lines > 0);
    return lines === 0
      ? { lines, blank, firstLine: 0, lastLineEnd: 0 }
      : { lines, blank, firstLine: firstLine - before, lastLineEnd: lastLineEnd - before };
  }

  /** Says that other text has come, which was not plain: no field of these records has a known shape. */
  skip(): void {
    this.#shapes.fill(0);
    this.#carry = NOTHING;
    this.#carryIsWhole = false;
  }

  /** The shapes that all fields of each column have, of the records that became whole since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[] {
    const taken = Array.from(this.#shapes, (bits) => FIELD_SHAPES.filter((_, index) => bits & (1 << index)));
    this.#shapes.fill(this.#carryIsWhole ? ALL_SHAPES : 0);
    return taken;
  }

  #carryOn(from: number, to: number, isWhole: boolean): void {
    this.#carryIsWhole ||= isWhole;
    if (to - from > MAX_CARRY_BYTES) this.skip();
    else this.#carry = this.#carryIsWhole ? Buffer.from(TEXT.subarray(from, to)) : NOTHING;
  }
}
