import type { Newline } from './dialect.ts';
import type { FieldShape } from './field-shapes.ts';
import { MAX_RECORD_BYTES, recordProblems } from './record-problems.ts';
import { MAX_SCAN_BYTES, RecordScan, type ScannedRecords } from './record-scan.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

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
type State = typeof FIELD_START | typeof UNQUOTED | typeof QUOTED | typeof QUOTE_IN_QUOTED | typeof AFTER_QUOTED;
/** After a delimiter or a line end, and any spaces: a quote here opens a quoted field. */
const FIELD_START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
/** After a quote within a quoted field: another one is text, anything else is after the field. */
const QUOTE_IN_QUOTED = 3;
/** After a quoted field and at least one space. */
const AFTER_QUOTED = 4;

/**
 * Finds where records end in UTF-8 CSV text (RFC 4180, with any delimiter and quote) that comes in chunks cut anywhere,
 * counts them, and ends each with one line feed. The count is the independent witness of how many rows a file has.
 *
 * Spaces before an opening quote are taken away: DuckDB skips them too, but not at the start of a line nor before `""`.
 * Where the space is the delimiter, none are skipped.
 */
export class RecordCutter {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #blankIsRecord: boolean;
  readonly #crEndsLine: boolean;
  readonly #firstLine: number;
  readonly #scan: RecordScan;
  #state: State = FIELD_START;
  /** Spaces at the start of a field, kept back until it is seen whether a quote follows. */
  #heldSpaces = 0;
  #records = 0;
  #lineFeeds = 0;
  #quotedLineFeeds = 0;
  /** Bytes of the record that is not complete yet. */
  #recordBytes = 0;
  /** Line on which that record begins. */
  #recordLine: number;
  #quoteOpenedOn = 0;
  /** A carriage return was the last byte of the chunk before. */
  #heldCr = false;
  #bytesIn = 0;
  #bytesOut = 0;
  #spacesDropped = false;
  /** 1 where the last record had no line end of its own. */
  #endsAdded = 0;

  constructor({ delimiter, quote, columns, newline, firstLine }: CutterOptions) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote === '' ? -1 : quote.charCodeAt(0);
    this.#blankIsRecord = columns === 1;
    this.#crEndsLine = newline === '\r';
    this.#firstLine = firstLine;
    this.#scan = new RecordScan(this.#delimiter, Math.max(this.#quote, 0), columns);
    this.#recordLine = firstLine;
  }

  /** Whole records so far. */
  get records(): number {
    return this.#records;
  }

  /** Number of the last line that is wholly behind. */
  get lines(): number {
    return this.#firstLine - 1 + this.#lineFeeds;
  }

  /** Line feeds so far that stand in quotes, and so end no record. */
  get quotedLineFeeds(): number {
    return this.#quotedLineFeeds;
  }

  /** By column: the shapes that all fields have, in the records that became whole since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[] {
    return this.#scan.takeShapes();
  }

  /**
   * Once all has come: how many bytes ended each line of the text, so that receiveSlots in it can be told by receiveSlots in what was
   * cut; null where lines end in different ways, or spaces were taken away.
   */
  get newlineBytes(): 1 | 2 | null {
    const dropped = this.#bytesIn - this.#bytesOut;
    if (this.#spacesDropped) return null;
    if (dropped === 0) return 1;
    return dropped === this.#lineFeeds - this.#quotedLineFeeds - this.#endsAdded ? 2 : null;
  }

  /** @throws Problem record_too_long, stray_carriage_return, quote_not_closed, text_after_quote, not_csv */
  push(chunk: Buffer): Cut {
    if (chunk.length === 0) return { bytes: chunk, lastRecordEnd: 0 };
    this.#bytesIn += chunk.length;
    // Refused wherever it stands, as it is in the head: DuckDB drops surplus fields of zero bytes without a word.
    const zero = chunk.indexOf(0);
    if (zero >= 0) throw recordProblems.zeroByte(this.#lineAfter(chunk.subarray(0, zero)));
    const cut = this.#cutAsItIs(chunk) ?? this.#cutCarefully(chunk);
    // What is held back is in memory too, so that it counts.
    this.#refuseBeyond(this.#recordBytes + this.#heldSpaces);
    this.#bytesOut += cut.bytes.length;
    return cut;
  }

  /** @returns what completes the last record. @throws Problem quote_not_closed, stray_carriage_return */
  end(): Buffer {
    if (this.#state === QUOTED) throw recordProblems.quoteNotClosed(this.#quoteOpenedOn);
    if (this.#heldCr && !this.#crEndsLine) throw recordProblems.strayCarriageReturn(this.lines + 1);
    const spaces = this.#heldSpaces;
    this.#bytesOut += spaces;
    if (this.#recordBytes + spaces === 0 && !this.#heldCr) return Buffer.alloc(0);
    if (this.#heldCr) this.#bytesOut++;
    else this.#endsAdded++;
    this.#heldCr = false;
    this.#heldSpaces = 0;
    this.#endRecord(spaces);
    const bytes = Buffer.from(`${' '.repeat(spaces)}\n`);
    this.#scan.follow(bytes, bytes.length);
    return bytes;
  }

  /** Ends every line of a chunk without quotes in a line feed: run by run, which is ten times as fast as byte by byte. */
  #withoutCr(chunk: Buffer): Buffer {
    let at = this.#heldCr ? -1 : chunk.indexOf(CR);
    if (at < 0 && !this.#heldCr) return chunk;
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let length = 0;
    let copied = 0;
    do {
      if (at > copied) length += chunk.copy(out, length, copied, at);
      copied = at + 1;
      this.#heldCr = copied === chunk.length;
      if (this.#heldCr) break;
      if (chunk[copied] === LF) copied++;
      else if (!this.#crEndsLine) throw recordProblems.strayCarriageReturn(this.#lineAfter(out.subarray(0, length)));
      out[length++] = LF;
      at = chunk.indexOf(CR, copied);
    } while (at >= 0);
    length += chunk.copy(out, length, copied);
    return out.subarray(0, length);
  }

  /** Most text, in which only line ends may have to be changed, and only where no quotes stand: sixty-four bytes at once. */
  #cutAsItIs(chunk: Buffer): Cut | null {
    if (this.#heldSpaces > 0) return null;
    const outside = this.#state !== QUOTED && this.#state !== QUOTE_IN_QUOTED;
    if (this.#quote < 0 || (outside && !chunk.includes(this.#quote))) {
      const text = this.#withoutCr(chunk);
      let end = 0;
      for (let from = 0; from < text.length; from += MAX_SCAN_BYTES) {
        const part = text.subarray(from, from + MAX_SCAN_BYTES);
        const recordEnd = this.#count(this.#scan.plain(part), part.length);
        if (recordEnd > 0) end = from + recordEnd;
      }
      return this.#holdSpaces(text, end);
    }
    if (!this.#scan.canQuote || this.#heldCr || chunk.length > MAX_SCAN_BYTES || chunk.includes(CR)) return null;
    const found = this.#scan.quoted(chunk);
    if (!found) return null;
    const { ending } = found;
    const end = this.#count(found, chunk.length);
    if (ending === 'no quotes') return this.#holdSpaces(chunk, end);
    if (ending === 'in quotes') this.#state = QUOTED;
    else if (ending === 'closed') this.#state = QUOTE_IN_QUOTED;
    else this.#state = ending === 'closed and spaces' ? AFTER_QUOTED : UNQUOTED;
    return { bytes: chunk, lastRecordEnd: end };
  }

  /** @returns how many of the bytes belong to records that are complete */
  #count(found: ScannedRecords, bytes: number): number {
    const { records, blank, firstRecord, lastRecordEnd, quotedLineFeeds, quotedInRest, openedAfter } = found;
    if (openedAfter >= 0) this.#quoteOpenedOn = this.#recordLine + openedAfter;
    this.#recordBytes += records === 0 ? bytes : firstRecord;
    this.#refuseBeyond(this.#recordBytes);
    this.#lineFeeds += records + quotedLineFeeds;
    this.#quotedLineFeeds += quotedLineFeeds;
    if (records === 0) return 0;
    this.#records += records;
    if (!this.#blankIsRecord) this.#records -= blank + (this.#recordBytes === 0 ? 1 : 0);
    this.#recordLine = this.lines + 1 - quotedInRest;
    this.#recordBytes = bytes - lastRecordEnd;
    this.#state = FIELD_START;
    return lastRecordEnd;
  }

  /** Keeps back the spaces at the start of a field that has no quotes so far. */
  #holdSpaces(text: Buffer, lastRecordEnd: number): Cut {
    let end = text.length;
    if (this.#delimiter !== SPACE) while (end > lastRecordEnd && text[end - 1] === SPACE) end--;
    if (end > lastRecordEnd) this.#state = text[end - 1] === this.#delimiter ? FIELD_START : UNQUOTED;
    if (this.#state === FIELD_START) this.#heldSpaces = text.length - end;
    else end = text.length;
    this.#scan.cancelOrUndo(text.length - end);
    this.#recordBytes -= text.length - end;
    return { bytes: end === text.length ? text : text.subarray(0, end), lastRecordEnd };
  }

  /**
   * One byte after the other; copies, because line ends may have to be changed. No function is called for a byte, and
   * none looks ahead: time is the same for every byte, whatever a sender makes up.
   */
  #cutCarefully(chunk: Buffer): Cut {
    const quote = this.#quote;
    const delimiter = this.#delimiter;
    let state = this.#state;
    // What was held back from the chunk before comes out now: spaces, and the line feed of a carriage return.
    let length = this.#heldSpaces;
    const out = Buffer.allocUnsafe(length + 1 + chunk.length);
    out.fill(SPACE, 0, length);
    let fieldStart = 0;
    let lineStart = 0;
    let lastRecordEnd = 0;
    const end = chunk.length;
    let index = this.#heldCr ? -1 : 0;
    this.#heldCr = false;
    cut: for (; index < end; index++) {
      let byte = index < 0 ? CR : (chunk[index] as number);
      if (state === UNQUOTED) {
        while (byte !== delimiter && byte !== LF && byte !== CR) {
          out[length++] = byte;
          if (++index === end) break cut;
          byte = chunk[index] as number;
        }
      } else if (state === QUOTED) {
        while (byte !== quote) {
          if (byte === LF) {
            this.#lineFeeds++;
            this.#quotedLineFeeds++;
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
            this.#heldCr = true;
            break;
          }
          if (chunk[index + 1] === LF) index++;
          else if (!this.#crEndsLine) throw recordProblems.strayCarriageReturn(this.lines + 1);
        }
        this.#endRecord(length - lineStart);
        out[length++] = LF;
        fieldStart = lineStart = lastRecordEnd = length;
        state = FIELD_START;
      } else if (byte === quote && state !== UNQUOTED) {
        // DuckDB reads `"a" "b"` as one field `a b`, without a word.
        if (state === AFTER_QUOTED) throw recordProblems.textAfterQuote(this.lines + 1);
        if (state === FIELD_START) {
          if (length > fieldStart) this.#spacesDropped = true;
          length = fieldStart;
          this.#quoteOpenedOn = this.lines + 1;
        }
        out[length++] = byte;
        state = QUOTED;
      } else {
        out[length++] = byte;
        if (byte === delimiter) {
          state = FIELD_START;
          fieldStart = length;
        } else if (byte !== SPACE) {
          state = UNQUOTED;
        } else if (state === QUOTE_IN_QUOTED) {
          state = AFTER_QUOTED;
        }
      }
    }
    this.#heldSpaces = state === FIELD_START ? length - fieldStart : 0;
    length -= this.#heldSpaces;
    this.#state = state;
    this.#recordBytes += length - lineStart;
    const bytes = out.subarray(0, length);
    this.#scan.follow(bytes, lastRecordEnd);
    return { bytes, lastRecordEnd };
  }

  /** @param bytes those of the record that came after what was counted of it */
  #endRecord(bytes: number): void {
    const size = this.#recordBytes + bytes;
    this.#state = FIELD_START;
    if (size > MAX_RECORD_BYTES) this.#refuseBeyond(size);
    if (size > 0 || this.#blankIsRecord) this.#records++;
    this.#recordBytes = 0;
    this.#lineFeeds++;
    this.#recordLine = this.lines + 1;
  }

  #refuseBeyond(recordBytes: number): void {
    if (recordBytes <= MAX_RECORD_BYTES) return;
    throw this.#state === QUOTED
      ? recordProblems.quoteTooLong(this.#quoteOpenedOn)
      : recordProblems.recordTooLong(this.#recordLine);
  }

  /** @param before bytes of the chunk that are not counted yet */
  #lineAfter(before: Buffer): number {
    let line = this.lines + 1;
    const lineEnd = this.#crEndsLine ? CR : LF;
    for (let at = before.indexOf(lineEnd); at >= 0; at = before.indexOf(lineEnd, at + 1)) line++;
    return line;
  }
}
