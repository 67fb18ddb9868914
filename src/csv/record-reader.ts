/** One record of CSV text, with where it stands. */
export interface CsvRecord {
  /** Unquoted empty fields are null, quoted ones are ''. */
  readonly fields: readonly (string | null)[];
  /** Line on which the record begins. */
  readonly line: number;
  readonly byteOffset: number;
  /** Line ends of records and blank lines before it, in all texts that the tally went through. */
  readonly lineEndsBefore: number;
  /** Length in bytes, without the line feed. */
  readonly bytes: number;
  /** What is wrong with the record; null where nothing is. */
  readonly malformed: string | null;
}

const LF = 10;
const SPACE = 32;

/**
 * Reads UTF-8 CSV text, every record of which ends with one line feed (the last may lack it), record by record. Blank lines are
 * records only where `columns` is 1. The same rules as `RecordCutter` has, and DuckDB.
 *
 * @param firstLine number of the line on which the text begins
 * @param tally counts on from one text to the next
 */
export function* readRecords(
  text: Buffer,
  dialect: { readonly delimiter: string; readonly quote: string },
  columns: number,
  firstLine: number,
  tally: { lineEnds: number } = { lineEnds: 0 },
): Generator<CsvRecord, void> {
  const delimiter = dialect.delimiter.charCodeAt(0);
  const quote = dialect.quote === '' ? -1 : dialect.quote.charCodeAt(0);
  // A space that delimits is no padding.
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
    let malformed: string | null = null;
    for (;;) {
      // At the start of a field: spaces before a quote are no part of it.
      let open = at;
      while (text[open] === padding) open++;
      if (quote >= 0 && text[open] === quote) {
        const { value, next, lines } = quotedField(text, open + 1, quote, dialect.quote);
        line += lines;
        if (value === null) {
          malformed = 'a quote is opened and never closed';
          at = text.length;
          break;
        }
        fields.push(value);
        at = next;
        while (text[at] === padding) at++;
        if (at < text.length && text[at] !== delimiter && text[at] !== LF) {
          malformed ??= 'text after a closing quote';
          at = fieldEnd(text, at, delimiter);
        }
      } else {
        const end = fieldEnd(text, at, delimiter);
        fields.push(end === at ? null : text.toString('utf8', at, end));
        at = end;
      }
      if (text[at] !== delimiter) break;
      at++;
    }
    const lineEndsBefore = tally.lineEnds++;
    yield { fields, line: startLine, byteOffset: start, lineEndsBefore, bytes: at - start, malformed };
    at++;
    line++;
  }
}

function fieldEnd(text: Buffer, from: number, delimiter: number): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && text[at] !== LF) at++;
  return at;
}

/** @param from just after the opening quote. @returns the value, or null where it is never closed */
function quotedField(text: Buffer, from: number, quote: number, quoteText: string) {
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
    const raw = text.toString('utf8', from, close);
    const value = doubled ? raw.replaceAll(quoteText + quoteText, quoteText) : raw;
    return { value, next: close + 1, lines: lineFeeds(text, from, close) };
  }
}

function lineFeeds(text: Buffer, from: number, to: number): number {
  // Not indexOf: it would look beyond `to`, again and again where a line holds many fields.
  let count = 0;
  for (let at = from; at < to; at++) if (text[at] === LF) count++;
  return count;
}
