import { AFTER_QUOTED, ByteCutter, type Cut, FIELD_START, QUOTE_IN_QUOTED, QUOTED, UNQUOTED } from './byte-cutter.ts';
import type { Newline } from './dialect.ts';
import type { FieldShape } from './field-shapes.ts';
import { recordProblems } from './record-problems.ts';
import { MAX_SCAN_BYTES, RecordScan, type ScannedRecords } from './record-scan.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

export interface CutterOptions {
  readonly delimiter: string;
  /** '' for none. */
  readonly quote: string;
  /** With one column, a blank line is a record with an empty field. With more, it is not a record. */
  readonly columns: number;
  /** '\r' if a carriage return alone ends a line. */
  readonly newline: Newline;
  /** Number of the line on which the text begins. */
  readonly firstLine: number;
}

/**
 * Splits UTF-8 CSV text (RFC 4180, with any delimiter and quote) into records, ends each with one line feed, and counts them. The
 * text arrives in chunks that start and end anywhere. The count is independent of DuckDB's and verifies it.
 *
 * Most chunks are scanned 64 bytes at a time (`record-scan.ts`), after their line ends are unified if no quotes are involved. The
 * others are cut byte by byte (`byte-cutter.ts`).
 *
 * Spaces before an opening quote are removed, because DuckDB skips them only in some places: not at the start of a line, and not
 * before `""`. If the delimiter is a space, none are removed.
 */
export class RecordCutter {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #scan: RecordScan;
  /** Cuts what the scan cannot handle, and holds the position in the text. */
  readonly #bytes: ByteCutter;
  #bytesIn = 0;
  #bytesOut = 0;
  /** 1 if the last record had no line end. */
  #endsAdded = 0;

  constructor({ delimiter, quote, columns, newline, firstLine }: CutterOptions) {
    this.#delimiter = delimiter.charCodeAt(0);
    this.#quote = quote === '' ? -1 : quote.charCodeAt(0);
    this.#scan = new RecordScan(this.#delimiter, Math.max(this.#quote, 0), columns);
    this.#bytes = new ByteCutter(this.#delimiter, this.#quote, firstLine, columns, newline === '\r');
  }

  /** Complete records so far. */
  get records(): number {
    return this.#bytes.records;
  }

  /** Number of the last complete line. */
  get lines(): number {
    return this.#bytes.lines;
  }

  /** Line feeds in quotes so far, which do not end a record. */
  get quotedLineFeeds(): number {
    return this.#bytes.quotedLineFeeds;
  }

  /** For each column, the shapes of all its fields in the records that were completed since the last call. */
  takeShapes(): readonly (readonly FieldShape[])[] {
    return this.#scan.takeShapes();
  }

  /** Whether a record that was completed since the last call has more or fewer fields than there are columns. */
  takeIrregular(): boolean {
    const { irregular } = this.#bytes;
    this.#bytes.irregular = false;
    return irregular;
  }

  /** Whether anything, such as spaces, follows the closing quote of a field so far. */
  get textAfterQuotes(): boolean {
    return this.#bytes.textAfterQuotes;
  }

  /** Line of the first unquoted field that contains a quote, which is text there; null if there is none. */
  get quoteInTextOn(): number | null {
    return this.#bytes.quoteInTextOn || null;
  }

  /**
   * After `end`: how many bytes end each line of the original text, so that offsets in the cut text can be converted to offsets
   * in the original. Null if line ends differ or spaces were removed.
   */
  get newlineBytes(): 1 | 2 | null {
    const { spacesDropped, lineFeeds, quotedLineFeeds } = this.#bytes;
    const dropped = this.#bytesIn - this.#bytesOut;
    if (spacesDropped) return null;
    if (dropped === 0) return 1;
    return dropped === lineFeeds - quotedLineFeeds - this.#endsAdded ? 2 : null;
  }

  /** @throws Problem record_too_long, stray_carriage_return, text_after_quote, nul_byte */
  push(chunk: Buffer): Cut {
    if (chunk.length === 0) return { bytes: chunk, lastRecordEnd: 0 };
    this.#bytesIn += chunk.length;
    const position = this.#bytes;
    // DuckDB silently drops surplus fields that consist of NUL bytes.
    const nul = chunk.indexOf(0);
    const cut = this.#cut(nul < 0 ? chunk : chunk.subarray(0, nul));
    if (nul >= 0) throw recordProblems.nulByte(position.lines + (position.heldCr ? 2 : 1), position.delimiters + 1);
    // Spaces that are held back count, since they occupy memory as well.
    position.refuseTooLong(position.recordBytes + position.heldSpaces);
    this.#bytesOut += cut.bytes.length;
    return cut;
  }

  /** @returns the rest of the last record. @throws Problem quote_not_closed, stray_carriage_return */
  end(): Buffer {
    const position = this.#bytes;
    if (position.state === QUOTED) throw recordProblems.quoteNotClosed(position.quoteOpenedOn);
    if (position.heldCr && !position.crEndsLine) throw recordProblems.strayCarriageReturn(position.lines + 1);
    const spaces = position.heldSpaces;
    this.#bytesOut += spaces;
    if (position.recordBytes + spaces === 0 && !position.heldCr) return Buffer.alloc(0);
    if (position.heldCr) this.#bytesOut++;
    else this.#endsAdded++;
    position.heldCr = false;
    position.heldSpaces = 0;
    position.endRecord(spaces);
    const bytes = Buffer.from(`${' '.repeat(spaces)}\n`);
    this.#scan.follow(bytes, bytes.length);
    return bytes;
  }

  #cut(chunk: Buffer): Cut {
    if (chunk.length === 0) return { bytes: chunk, lastRecordEnd: 0 };
    return this.#cutScanned(chunk) ?? this.#cutByByte(chunk);
  }

  #cutByByte(chunk: Buffer): Cut {
    const cut = this.#bytes.cut(chunk);
    this.#scan.follow(cut.bytes, cut.lastRecordEnd);
    return cut;
  }

  /** @returns null if the chunk has to be cut byte by byte: it needs a change that involves quotes */
  #cutScanned(chunk: Buffer): Cut | null {
    const { state, heldSpaces, heldCr } = this.#bytes;
    if (heldSpaces > 0) return null;
    const isInQuotes = state === QUOTED || state === QUOTE_IN_QUOTED;
    if (this.#quote < 0 || (!isInQuotes && !chunk.includes(this.#quote))) return this.#cutPlain(chunk);
    if (!this.#scan.canQuote || heldCr || chunk.length > MAX_SCAN_BYTES || chunk.includes(CR)) return null;
    return this.#cutQuoted(chunk);
  }

  #cutPlain(chunk: Buffer): Cut {
    const text = this.#unifyLineEnds(chunk);
    let end = 0;
    for (let from = 0; from < text.length; from += MAX_SCAN_BYTES) {
      const part = text.subarray(from, from + MAX_SCAN_BYTES);
      const recordEnd = this.#count(this.#scan.plain(part), part.length);
      if (recordEnd > 0) end = from + recordEnd;
    }
    return this.#holdSpaces(text, end);
  }

  #cutQuoted(chunk: Buffer): Cut | null {
    const found = this.#scan.quoted(chunk);
    if (!found) return null;
    const lastRecordEnd = this.#count(found, chunk.length);
    switch (found.ending) {
      case 'no quotes':
        return this.#holdSpaces(chunk, lastRecordEnd);
      case 'in quotes':
        this.#bytes.state = QUOTED;
        break;
      case 'closed':
        this.#bytes.state = QUOTE_IN_QUOTED;
        break;
      case 'closed and spaces':
        this.#bytes.state = AFTER_QUOTED;
        this.#bytes.textAfterQuotes = true;
        break;
      case 'closed and text':
        this.#bytes.state = UNQUOTED;
        this.#bytes.textAfterQuotes = true;
        break;
    }
    return { bytes: chunk, lastRecordEnd };
  }

  /** Ends every line of a chunk without quotes with a line feed. Copies whole lines, ten times as fast as byte by byte. */
  #unifyLineEnds(chunk: Buffer): Buffer {
    const position = this.#bytes;
    let at = position.heldCr ? -1 : chunk.indexOf(CR);
    if (at < 0 && !position.heldCr) return chunk;
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let length = 0;
    let copied = 0;
    do {
      if (at > copied) length += chunk.copy(out, length, copied, at);
      copied = at + 1;
      position.heldCr = copied === chunk.length;
      if (position.heldCr) break;
      if (chunk[copied] === LF) copied++;
      else if (!position.crEndsLine) {
        throw recordProblems.strayCarriageReturn(position.lineAfter(out.subarray(0, length)));
      }
      out[length++] = LF;
      at = chunk.indexOf(CR, copied);
    } while (at >= 0);
    length += chunk.copy(out, length, copied);
    return out.subarray(0, length);
  }

  /** Advances the position past a scanned text. @returns how many of its bytes belong to complete records */
  #count(found: ScannedRecords, bytes: number): number {
    const { records, blank, firstRecord, lastRecordEnd, quotedLineFeeds, quotedInRest, openedAfter } = found;
    const position = this.#bytes;
    if (openedAfter >= 0) position.quoteOpenedOn = position.recordLine + openedAfter;
    if (found.quoteInTextAfter >= 0) position.noteQuoteInText(position.recordLine + found.quoteInTextAfter);
    position.recordBytes += records === 0 ? bytes : firstRecord;
    position.refuseTooLong(position.recordBytes);
    position.lineFeeds += records + quotedLineFeeds;
    position.quotedLineFeeds += quotedLineFeeds;
    position.textAfterQuotes ||= found.hasTextAfterQuotes;
    const delimitersBefore = found.isPartial ? position.delimiters : 0;
    if (records === 0) {
      position.delimiters = delimitersBefore + found.delimitersInRest;
      return 0;
    }
    position.checkFields(delimitersBefore + found.firstFields, position.recordBytes);
    position.irregular ||= found.irregular;
    position.delimiters = found.delimitersInRest;
    position.addRecords(records, blank + (position.recordBytes === 0 ? 1 : 0));
    position.recordLine = position.lines + 1 - quotedInRest;
    position.recordBytes = bytes - lastRecordEnd;
    position.state = FIELD_START;
    return lastRecordEnd;
  }

  /** Holds back the spaces at the end of a text, if they may be at the start of a quoted field. */
  #holdSpaces(text: Buffer, lastRecordEnd: number): Cut {
    const position = this.#bytes;
    let end = text.length;
    if (this.#delimiter !== SPACE) while (end > lastRecordEnd && text[end - 1] === SPACE) end--;
    if (end > lastRecordEnd) position.state = text[end - 1] === this.#delimiter ? FIELD_START : UNQUOTED;
    if (position.state === FIELD_START) position.heldSpaces = text.length - end;
    else end = text.length;
    this.#scan.dropLast(text.length - end);
    position.recordBytes -= text.length - end;
    return { bytes: end === text.length ? text : text.subarray(0, end), lastRecordEnd };
  }
}
