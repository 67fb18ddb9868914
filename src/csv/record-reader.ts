/** A record of CSV text, and its location. */
export interface CsvRecord {
  /** Unquoted empty fields are null, quoted ones are ''. */
  readonly fields: readonly (string | null)[];
  /** Offset in the text at which each field ends. The next one begins after the delimiter there. */
  readonly ends: readonly number[];
  /** Line on which the record begins. */
  readonly line: number;
  readonly byteOffset: number;
  /** Number of records and blank lines before it, in all texts read with the same tally. */
  readonly lineEndsBefore: number;
  /** Length in bytes, without the line feed. */
  readonly bytes: number;
  /** What is wrong with the record, or null. */
  readonly malformed: 'quote_not_closed' | 'text_after_quote' | null;
}

const LF = 10;
const SPACE = 32;

/**
 * Reads the records of UTF-8 CSV text in which every record ends with a line feed, except perhaps the last. Blank lines are
 * records only if `columns` is 1. Follows the same rules as `RecordCutter` and DuckDB.
 *
 * @param firstLine number of the line on which the text begins
 * @param tally to be passed from one text to the next
 * @param wanted by column: whether its fields are decoded; the others are null. Default: all
 */
export function* readRecords(
  text: Buffer,
  dialect: { readonly delimiter: string; readonly quote: string },
  columns: number,
  firstLine: number,
  tally: { lineEnds: number } = { lineEnds: 0 },
  wanted: readonly boolean[] | null = null,
): Generator<CsvRecord, void> {
  const delimiter = dialect.delimiter.charCodeAt(0);
  const quote = dialect.quote === '' ? -1 : dialect.quote.charCodeAt(0);
  // If the delimiter is a space, spaces are not padding.
  const padding = delimiter === SPACE ? -1 : SPACE;
  let line = firstLine;
  let at = 0;
  while (at < text.length) {
    const start = at;
    const startLine = line;
    if (text[at] === LF && columns !== 1) {
      at++;
      line++;
      tally.lineEnds++;
      continue;
    }
    const fields: (string | null)[] = [];
    const ends: number[] = [];
    let malformed: CsvRecord['malformed'] = null;
    for (;;) {
      // Spaces before an opening quote do not belong to the field.
      const isWanted = wanted === null || wanted[fields.length] === true;
      let open = at;
      while (text[open] === padding) open++;
      if (quote >= 0 && text[open] === quote) {
        const { value, next, lines } = quotedField(text, open + 1, quote, isWanted ? dialect.quote : null);
        line += lines;
        if (value === null) {
          malformed = 'quote_not_closed';
          at = text.length;
          break;
        }
        fields.push(isWanted ? value : null);
        at = next;
        while (text[at] === padding) at++;
        if (at < text.length && text[at] !== delimiter && text[at] !== LF) {
          malformed ??= 'text_after_quote';
          at = fieldEnd(text, at, delimiter);
        }
      } else {
        const end = fieldEnd(text, at, delimiter);
        fields.push(end === at || !isWanted ? null : text.toString('utf8', at, end));
        at = end;
      }
      ends.push(at);
      if (text[at] !== delimiter) break;
      at++;
    }
    const lineEndsBefore = tally.lineEnds++;
    yield { fields, ends, line: startLine, byteOffset: start, lineEndsBefore, bytes: at - start, malformed };
    at++;
    line++;
  }
}

function fieldEnd(text: Buffer, from: number, delimiter: number): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== LF) at++;
  return at;
}

/**
 * @param from after the opening quote
 * @param quoteText null if the value is not wanted: then it is ''
 * @returns the value, or null if the quote is never closed
 */
function quotedField(text: Buffer, from: number, quote: number, quoteText: string | null) {
  let doubled = false;
  let at = from;
  for (;;) {
    const close = text.indexOf(quote, at);
    if (close < 0) return { value: null, next: text.length, lines: lineFeeds(text, from, text.length) };
    if (text[close + 1] === quote) {
      doubled = true;
      at = close + 2;
      continue;
    }
    const lines = lineFeeds(text, from, close);
    if (quoteText === null) return { value: '', next: close + 1, lines };
    const raw = text.toString('utf8', from, close);
    const value = doubled ? raw.replaceAll(quoteText + quoteText, quoteText) : raw;
    return { value, next: close + 1, lines };
  }
}

function lineFeeds(text: Buffer, from: number, to: number): number {
  // Not indexOf, which searches beyond `to`: with many fields on a line, it would search the same bytes again and again.
  let count = 0;
  for (let at = from; at < to; at++) if (text[at] === LF) count++;
  return count;
}
