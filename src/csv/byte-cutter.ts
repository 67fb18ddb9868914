import { MAX_RECORD_BYTES, recordProblems } from './record-problems.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

/** After a delimiter or a line end, and any spaces: a quote here opens a quoted field. */
export const FIELD_START = 0;
export const UNQUOTED = 1;
export const QUOTED = 2;
/** After a quote in a quoted field: a second quote is text, anything else follows the field. */
export const QUOTE_IN_QUOTED = 3;
/** After a quoted field and at least one space. */
export const AFTER_QUOTED = 4;
/** What precedes the next byte. */
type State = typeof FIELD_START | typeof UNQUOTED | typeof QUOTED | typeof QUOTE_IN_QUOTED | typeof AFTER_QUOTED;

export interface Cut {
  /** The text, with every record ended by one line feed. Shares the memory of the chunk if nothing had to be changed. */
  readonly bytes: Buffer;
  /** How many of these bytes belong to complete records. */
  readonly lastRecordEnd: number;
}

/**
 * Cuts text byte by byte, and knows the position in the text and the counts so far. `RecordCutter` uses it for the text that the
 * scan cannot handle, and advances its position over the text that was scanned.
 */
export class ByteCutter {
  state: State = FIELD_START;
  /** Spaces at the start of a field, held back until it is known whether a quote follows. */
  heldSpaces = 0;
  /** Whether the previous chunk ended with a carriage return, which is held back. */
  heldCr = false;
  /** Complete records. */
  records = 0;
  lineFeeds = 0;
  quotedLineFeeds = 0;
  /** Bytes of the incomplete record. */
  recordBytes = 0;
  /** Line on which the incomplete record begins. */
  recordLine = 0;
  /** Line on which the latest quoted field begins. */
  quoteOpenedOn = 0;
  /** Delimiters in the incomplete record. */
  delimiters = 0;
  /** Whether a record, since this was last reset, has more or fewer fields than there are columns. */
  irregular = false;
  /** Line of the first unquoted field that contains a quote; 0 if there is none. */
  quoteInTextOn = 0;
  /** Whether spaces before a quote were removed. */
  spacesDropped = false;
  /** Whether anything, such as spaces, follows a quote that closes a field. */
  textAfterQuotes = false;
  readonly crEndsLine: boolean;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #firstLine: number;
  readonly #columns: number;

  /** @param quote -1 if there is none */
  constructor(delimiter: number, quote: number, firstLine: number, columns: number, crEndsLine: boolean) {
    this.#delimiter = delimiter;
    this.#quote = quote;
    this.#firstLine = firstLine;
    this.recordLine = firstLine;
    this.#columns = columns;
    this.crEndsLine = crEndsLine;
  }

  /** Number of the last complete line. */
  get lines(): number {
    return this.#firstLine - 1 + this.lineFeeds;
  }

  /**
   * Cuts a chunk into a copy in which line ends are unified and spaces before quotes removed. Calls no function per byte and never
   * looks ahead, so that no input can make a byte take longer.
   *
   * @throws Problem record_too_long, stray_carriage_return, text_after_quote
   */
  cut(chunk: Buffer): Cut {
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    let state = this.state;
    // Starts with what was held back from the previous chunk: spaces, and the line feed for a carriage return.
    let length = this.heldSpaces;
    const out = Buffer.allocUnsafe(length + 1 + chunk.length);
    out.fill(SPACE, 0, length);
    let fieldStart = 0;
    let lineStart = 0;
    let lastRecordEnd = 0;
    const end = chunk.length;
    let index = this.heldCr ? -1 : 0;
    this.heldCr = false;
    cut: for (; index < end; index++) {
      let byte = index < 0 ? CR : (chunk[index] as number);
      if (state === UNQUOTED) {
        while (byte !== delimiter && byte !== LF && byte !== CR) {
          if (byte === quote) this.noteQuoteInText(this.lines + 1);
          out[length++] = byte;
          if (++index === end) break cut;
          byte = chunk[index] as number;
        }
      } else if (state === QUOTED) {
        while (byte !== quote) {
          if (byte === LF) {
            this.lineFeeds++;
            this.quotedLineFeeds++;
          }
          out[length++] = byte;
          if (++index === end) break cut;
          byte = chunk[index] as number;
        }
        out[length++] = byte;
        state = QUOTE_IN_QUOTED;
        continue;
      }
      if (byte === LF || byte === CR) {
        if (byte === CR) {
          if (index + 1 === end) {
            this.heldCr = true;
            break;
          }
          if (chunk[index + 1] === LF) index++;
          else if (!this.crEndsLine) throw recordProblems.strayCarriageReturn(this.lines + 1);
        }
        this.endRecord(length - lineStart);
        out[length++] = LF;
        fieldStart = lineStart = lastRecordEnd = length;
        state = FIELD_START;
      } else if (byte === quote && state !== UNQUOTED) {
        // DuckDB silently reads `"a" "b"` as one field, `a b`.
        if (state === AFTER_QUOTED) throw recordProblems.textAfterQuote(this.lines + 1);
        if (state === FIELD_START) {
          if (length > fieldStart) this.spacesDropped = true;
          length = fieldStart;
          this.quoteOpenedOn = this.lines + 1;
        }
        out[length++] = byte;
        state = QUOTED;
      } else {
        out[length++] = byte;
        if (byte === delimiter) {
          this.delimiters++;
          state = FIELD_START;
          fieldStart = length;
        } else {
          if (state === QUOTE_IN_QUOTED) this.textAfterQuotes = true;
          if (byte !== SPACE) state = UNQUOTED;
          else if (state === QUOTE_IN_QUOTED) state = AFTER_QUOTED;
        }
      }
    }
    this.heldSpaces = state === FIELD_START ? length - fieldStart : 0;
    length -= this.heldSpaces;
    this.state = state;
    this.recordBytes += length - lineStart;
    return { bytes: out.subarray(0, length), lastRecordEnd };
  }

  /** @param bytes of the record that `recordBytes` does not include */
  endRecord(bytes: number): void {
    const size = this.recordBytes + bytes;
    this.state = FIELD_START;
    if (size > MAX_RECORD_BYTES) this.refuseTooLong(size);
    if (size > 0 || this.#columns === 1) this.records++;
    this.checkFields(this.delimiters + 1, size);
    this.delimiters = 0;
    this.recordBytes = 0;
    this.lineFeeds++;
    this.recordLine = this.lines + 1;
  }

  /** Adds records that were counted elsewhere, as `endRecord` does one. @param blank how many of them are empty */
  addRecords(records: number, blank: number): void {
    this.records += this.#columns === 1 ? records : records - blank;
  }

  /** Notes the number of fields of a record. @param bytes its length; a blank line is not checked */
  checkFields(fields: number, bytes: number): void {
    if (bytes > 0 && fields !== this.#columns) this.irregular = true;
  }

  noteQuoteInText(line: number): void {
    if (this.quoteInTextOn === 0) this.quoteInTextOn = line;
  }

  /** @throws Problem record_too_long */
  refuseTooLong(recordBytes: number): void {
    if (recordBytes <= MAX_RECORD_BYTES) return;
    throw recordProblems.recordTooLong(this.recordLine, this.state === QUOTED ? this.quoteOpenedOn : null);
  }

  /** @param before bytes after the position. @returns the number of the line on which they end */
  lineAfter(before: Buffer): number {
    let line = this.lines + 1;
    const lineEnd = this.crEndsLine ? CR : LF;
    for (let at = before.indexOf(lineEnd); at >= 0; at = before.indexOf(lineEnd, at + 1)) line++;
    return line;
  }
}
