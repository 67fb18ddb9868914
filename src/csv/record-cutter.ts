import { Problem } from '../errors.ts';
import type { Newline } from './dialect.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

/** Longest record taken, in bytes: DuckDB reads up to 2 MiB. */
export const MAX_RECORD_BYTES = 2_000_000;

export interface CutterOptions {
  readonly delimiter: string;
  readonly quote: string;
  /** With one column a blank line is a record whose only field is empty; with more it is none. */
  readonly columns: number;
  /** '\r' where a carriage return alone ends a line. */
  readonly newline: Newline;
  /** Number of the line on which the first byte stands. */
  readonly firstLine: number;
}

export interface Cut {
  /** Every record end is one line feed. Shares memory with the chunk where nothing had to be changed. */
  readonly bytes: Buffer;
  /** How many of these bytes belong to lines that are complete. */
  readonly lastRecordEnd: number;
}

/** Where the next byte stands. */
type State = typeof FIELD_START | typeof UNQUOTED | typeof QUOTED | typeof QUOTE_IN_QUOTED;
/** After a delimiter or a line end, and any spaces: a quote here opens a quoted field. */
const FIELD_START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
/** After a quote within a quoted field: another one is text, anything else is after the field. */
const QUOTE_IN_QUOTED = 3;

/**
 * Finds where records end in UTF-8 CSV text (RFC 4180, with any delimiter and quote) that comes in chunks cut anywhere,
 * counts them, and ends each with one line feed. The count is the independent witness of how many rows a file has.
 *
 * Spaces before an opening quote are taken away: DuckDB skips them too, but not at the start of a line nor before `""`.
 */
export class RecordCutter {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #blankIsRecord: boolean;
  readonly #crEndsLine: boolean;
  readonly #firstLine: number;
  #state: State = FIELD_START;
  /** Spaces at the start of a field, kept back until it is seen whether a quote follows. */
  #heldSpaces = 0;
  #records = 0;
  #lineFeeds = 0;
  /** Bytes of the record that is not complete yet. */
  #recordBytes = 0;
  #quoteOpenedOn = 0;
  /** A carriage return was the last byte of the chunk before. */
  #heldCr = false;

  constructor({ delimiter, quote, columns, newline, firstLine }: CutterOptions) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote === '' ? -1 : quote.charCodeAt(0);
    this.#blankIsRecord = columns === 1;
    this.#crEndsLine = newline === '\r';
    this.#firstLine = firstLine;
  }

  /** Whole records so far. */
  get records(): number {
    return this.#records;
  }

  /** Number of the last line that is wholly behind. */
  get lines(): number {
    return this.#firstLine - 1 + this.#lineFeeds;
  }

  /** @throws Problem record_too_long, stray_carriage_return, quote_not_closed */
  push(chunk: Buffer): Cut {
    if (chunk.length === 0) return { bytes: chunk, lastRecordEnd: 0 };
    const outside = this.#state !== QUOTED && this.#state !== QUOTE_IN_QUOTED;
    const quoted = this.#quote >= 0 && (!outside || chunk.includes(this.#quote));
    if (!quoted && !this.#heldCr && this.#heldSpaces === 0 && !chunk.includes(CR)) return this.#cutPlain(chunk);
    return this.#cutCarefully(chunk);
  }

  /** @returns what completes the last record */
  end(): Buffer {
    if (this.#state === QUOTED) {
      throw new Problem(
        'quote_not_closed',
        `The quote that is opened on line ${this.#quoteOpenedOn} is never closed.`,
        { line: this.#quoteOpenedOn },
      );
    }
    if (this.#heldCr) {
      this.#heldCr = false;
      if (!this.#crEndsLine) this.#refuseCr();
    }
    const spaces = this.#heldSpaces;
    if (this.#recordBytes + spaces === 0) return Buffer.alloc(0);
    this.#grow(spaces);
    this.#endRecord();
    return Buffer.from(`${' '.repeat(spaces)}\n`);
  }

  /** No quotes, no carriage returns: jumps from line feed to line feed. */
  #cutPlain(chunk: Buffer): Cut {
    let start = 0;
    let lines = 0;
    let blank = 0;
    let longest = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, start)) {
      let length = at - start;
      if (lines === 0) length += this.#recordBytes;
      if (length === 0) blank++;
      else if (length > longest) longest = length;
      lines++;
      start = at + 1;
    }
    if (longest > MAX_RECORD_BYTES) this.#refuseLength();
    if (lines > 0) {
      this.#lineFeeds += lines;
      this.#records += this.#blankIsRecord ? lines : lines - blank;
      this.#recordBytes = 0;
      this.#state = FIELD_START;
    }
    let end = chunk.length;
    while (end > start && chunk[end - 1] === SPACE) end--;
    if (end > start) this.#state = chunk[end - 1] === this.#delimiter ? FIELD_START : UNQUOTED;
    if (this.#state === FIELD_START) this.#heldSpaces = chunk.length - end;
    else end = chunk.length;
    this.#grow(end - start);
    return { bytes: end === chunk.length ? chunk : chunk.subarray(0, end), lastRecordEnd: start };
  }

  /** One byte after the other; copies, because line ends may have to be changed. */
  #cutCarefully(chunk: Buffer): Cut {
    const quote = this.#quote;
    const delimiter = this.#delimiter;
    // What was held back from the chunk before comes out now.
    const out = Buffer.allocUnsafe(chunk.length + this.#heldSpaces + 1);
    let length = 0;
    let lastRecordEnd = 0;
    let lineStart = 0;
    let state = this.#state;
    const writeSpaces = (): void => {
      out.fill(SPACE, length, length + this.#heldSpaces);
      length += this.#heldSpaces;
      this.#heldSpaces = 0;
    };
    const endLine = (): void => {
      writeSpaces();
      this.#grow(length - lineStart);
      out[length++] = LF;
      this.#endRecord();
      lineStart = length;
      lastRecordEnd = length;
      state = FIELD_START;
    };
    let index = 0;
    if (this.#heldCr) {
      this.#heldCr = false;
      if (chunk[0] === LF) index = 1;
      else if (!this.#crEndsLine) this.#refuseCr();
      endLine();
    }
    while (index < chunk.length) {
      if (state === QUOTED) {
        const close = chunk.indexOf(quote, index);
        const end = close < 0 ? chunk.length : close;
        chunk.copy(out, length, index, end);
        for (let at = chunk.indexOf(LF, index); at >= 0 && at < end; at = chunk.indexOf(LF, at + 1)) this.#lineFeeds++;
        length += end - index;
        index = end;
        if (close >= 0) {
          out[length++] = quote;
          index++;
          state = QUOTE_IN_QUOTED;
        }
        continue;
      }
      const byte = chunk[index++] as number;
      if (byte === LF) {
        endLine();
      } else if (byte === CR) {
        if (index === chunk.length) {
          this.#heldCr = true;
        } else if (chunk[index] === LF) {
          index++;
          endLine();
        } else if (this.#crEndsLine) {
          endLine();
        } else {
          this.#refuseCr();
        }
      } else if (byte === SPACE && state === FIELD_START) {
        this.#heldSpaces++;
      } else if (byte === quote && state !== UNQUOTED) {
        if (state === FIELD_START) this.#quoteOpenedOn = this.lines + 1;
        this.#heldSpaces = 0;
        out[length++] = byte;
        state = QUOTED;
      } else {
        writeSpaces();
        out[length++] = byte;
        state = byte === delimiter ? FIELD_START : UNQUOTED;
      }
    }
    this.#state = state;
    this.#grow(length - lineStart);
    return { bytes: out.subarray(0, length), lastRecordEnd };
  }

  /** Adds to the record that is not complete yet. */
  #grow(bytes: number): void {
    this.#recordBytes += bytes;
    if (this.#recordBytes > MAX_RECORD_BYTES) this.#refuseLength();
  }

  #endRecord(): void {
    if (this.#recordBytes > 0 || this.#blankIsRecord) this.#records++;
    this.#recordBytes = 0;
    this.#lineFeeds++;
  }

  #refuseLength(): never {
    if (this.#state === QUOTED) {
      throw new Problem(
        'quote_not_closed',
        `The quote that is opened on line ${this.#quoteOpenedOn} is not closed within ${MAX_RECORD_BYTES} bytes.`,
        { line: this.#quoteOpenedOn },
      );
    }
    throw new Problem(
      'record_too_long',
      `A record on or after line ${this.lines + 1} is longer than ${MAX_RECORD_BYTES} bytes.`,
      { line: this.lines + 1, max_bytes: MAX_RECORD_BYTES },
    );
  }

  #refuseCr(): never {
    throw new Problem(
      'stray_carriage_return',
      `Line ${this.lines + 1} holds a carriage return that is neither in quotes nor followed by a line feed.`,
      { line: this.lines + 1 },
    );
  }
}
