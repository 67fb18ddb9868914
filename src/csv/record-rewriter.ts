import { MAX_RECORD_BYTES, recordProblems } from './record-problems.ts';

const LF = 10;
const CR = 13;
const SPACE = 32;

/** What precedes the next byte. As in `ByteCutter`. */
const FIELD_START = 0;
const UNQUOTED = 1;
const QUOTED = 2;
const QUOTE_IN_QUOTED = 3;
const COMMENT = 4;

export interface RewriterOptions {
  readonly delimiter: string;
  /** '' for none. */
  readonly quote: string;
  /** Character that makes a quote, a delimiter, a line end or itself part of the text; null if there is none. */
  readonly escape: string | null;
  /** First character of the lines to remove; null if there is none. */
  readonly comment: string | null;
  /** Whether to remove the last field of a record that has one field more than there are columns, if it is empty. */
  readonly dropEmptyField: boolean;
  readonly columns: number;
  /** Whether a carriage return alone ends a line. */
  readonly crEndsLine: boolean;
  /** Number of the line on which the text begins. */
  readonly firstLine: number;
}

/**
 * Rewrites CSV text so that it needs none of these options: as `RecordCutter`, DuckDB and everything behind them read it. Keeps
 * every line end, so that line numbers stay those of the file. A comment becomes a blank line.
 *
 * An escape character is removed before a quote, a delimiter, a line end or another escape character, which then are text, as
 * MySQL, Spark and Python write them. Before anything else it is text itself: `C:\new` stays what it is. Doubled quotes are read
 * as well.
 */
export class RecordRewriter {
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #comment: number;
  readonly #dropEmptyField: boolean;
  readonly #columns: number;
  readonly #crEndsLine: boolean;
  /** The incomplete record, as rewritten so far. */
  #out = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  #recordStart = 0;
  #fieldStart = 0;
  #fields = 1;
  #state = FIELD_START;
  /** Whether the previous byte was an escape character that is not in `#out` yet. */
  #isEscaped = false;
  /** Whether the field is not quoted, but has to be, since it contains escaped characters. */
  #needsQuotes = false;
  #line: number;
  #recordLine: number;
  #afterCr = false;

  constructor(options: RewriterOptions) {
    const code = (text: string | null): number => (text ? text.charCodeAt(0) : -1);
    this.#delimiter = code(options.delimiter);
    this.#quote = code(options.quote);
    this.#escape = code(options.escape);
    this.#comment = code(options.comment);
    this.#dropEmptyField = options.dropEmptyField;
    this.#columns = options.columns;
    this.#crEndsLine = options.crEndsLine;
    this.#line = this.#recordLine = options.firstLine;
  }

  /** @returns the records that the chunk completes. @throws Problem record_too_long, upload_option_invalid */
  push(chunk: Buffer): Buffer {
    // A field that has to be quoted can become twice as long.
    this.#reserve(2 * chunk.length);
    for (const byte of chunk) this.#take(byte);
    const complete = Buffer.from(this.#out.subarray(0, this.#recordStart));
    this.#out.copyWithin(0, this.#recordStart, this.#length);
    this.#length -= this.#recordStart;
    this.#fieldStart -= this.#recordStart;
    this.#recordStart = 0;
    if (this.#length > MAX_RECORD_BYTES) {
      throw recordProblems.recordTooLong(this.#recordLine, this.#state === QUOTED ? this.#recordLine : null);
    }
    return complete;
  }

  /** @returns the rest of the text */
  end(): Buffer {
    this.#reserve(2);
    if (this.#isEscaped) this.#append(this.#escape);
    this.#isEscaped = false;
    this.#endField(0);
    this.#dropSurplus(0);
    const rest = Buffer.from(this.#out.subarray(0, this.#length));
    this.#length = 0;
    return rest;
  }

  #take(byte: number): void {
    if (this.#isEscaped) {
      this.#isEscaped = false;
      this.#takeEscaped(byte);
      return;
    }
    const isLineEnd = byte === LF || (byte === CR && this.#crEndsLine);
    if (isLineEnd && (byte === LF || this.#state !== QUOTED)) this.#countLine(byte);
    this.#afterCr = byte === CR;
    if (this.#state === QUOTED) {
      if (byte === this.#escape) this.#isEscaped = true;
      else {
        this.#append(byte);
        if (byte === this.#quote) this.#state = QUOTE_IN_QUOTED;
      }
    } else if (isLineEnd) {
      this.#endRecord(byte);
    } else if (this.#state === COMMENT) {
      // A carriage return before the line feed belongs to the line end.
      if (byte === CR) this.#append(byte);
      else this.#length = this.#recordStart;
    } else if (byte === this.#delimiter) {
      this.#endField(0);
      this.#append(byte);
      this.#fields++;
      this.#state = FIELD_START;
      this.#fieldStart = this.#length;
    } else if (byte === this.#comment && this.#length === this.#recordStart) {
      if (this.#columns === 1) throw recordProblems.commentInOneColumn(this.#line);
      this.#state = COMMENT;
    } else if (byte === this.#escape && this.#state !== QUOTE_IN_QUOTED) {
      this.#isEscaped = true;
    } else {
      this.#append(byte);
      if (byte === this.#quote && (this.#state === FIELD_START || this.#state === QUOTE_IN_QUOTED)) {
        this.#state = QUOTED;
      } else if (byte !== SPACE || this.#delimiter === SPACE || this.#state !== FIELD_START) {
        this.#state = UNQUOTED;
      }
    }
  }

  #takeEscaped(byte: number): void {
    const isQuoted = this.#state === QUOTED;
    if (byte === LF || (byte === CR && this.#crEndsLine)) this.#countLine(byte);
    this.#afterCr = byte === CR;
    if (byte === this.#quote) {
      // The quotes of a field that is not quoted are doubled when it ends.
      if (isQuoted) this.#append(byte);
      else this.#needsQuotes = true;
    } else if (byte === this.#delimiter || byte === LF || byte === CR) {
      if (!isQuoted) this.#needsQuotes = true;
    } else if (byte !== this.#escape) {
      this.#append(this.#escape);
    }
    this.#append(byte);
    if (!isQuoted) this.#state = UNQUOTED;
  }

  #endRecord(lineEnd: number): void {
    const hasCr = lineEnd === LF && this.#length > this.#fieldStart && this.#out[this.#length - 1] === CR ? 1 : 0;
    this.#endField(hasCr);
    this.#dropSurplus(hasCr);
    this.#append(lineEnd);
    this.#recordStart = this.#fieldStart = this.#length;
    this.#recordLine = this.#line;
    this.#fields = 1;
    this.#state = FIELD_START;
  }

  /** Quotes the field if it has to be. @param lineEndBytes at the end that do not belong to it */
  #endField(lineEndBytes: number): void {
    if (!this.#needsQuotes) return;
    this.#needsQuotes = false;
    const field = this.#out.toString('latin1', this.#fieldStart, this.#length - lineEndBytes);
    const lineEnd = this.#out.toString('latin1', this.#length - lineEndBytes, this.#length);
    const quote = String.fromCharCode(this.#quote);
    const quoted = quote + field.replaceAll(quote, quote + quote) + quote + lineEnd;
    this.#reserve(quoted.length);
    this.#length = this.#fieldStart + this.#out.write(quoted, this.#fieldStart, 'latin1');
  }

  #dropSurplus(lineEndBytes: number): void {
    if (!this.#dropEmptyField || this.#state === COMMENT || this.#fields !== this.#columns + 1) return;
    const end = this.#length - lineEndBytes;
    const length = end - this.#fieldStart;
    const isEmpty =
      length === 0 ||
      (length === 2 && this.#out[this.#fieldStart] === this.#quote && this.#out[this.#fieldStart + 1] === this.#quote);
    if (!isEmpty) return;
    this.#out.copyWithin(this.#fieldStart - 1, end, this.#length);
    this.#length = this.#fieldStart - 1 + lineEndBytes;
  }

  #countLine(byte: number): void {
    if (byte === CR || !this.#crEndsLine || !this.#afterCr) this.#line++;
  }

  #append(byte: number): void {
    if (this.#length === this.#out.length) this.#reserve(1);
    this.#out[this.#length++] = byte;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#out.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#length + bytes));
    this.#out.copy(larger, 0, 0, this.#length);
    this.#out = larger;
  }
}
