/** How the records of rejected rows are written. */
export interface RecordDialect {
  readonly delimiter: string;
  readonly quote: string;
}

/** Splits a record into its fields as they are written, quotes included, so that what is not edited stays as it is. */
export function splitRecord(record: string, { delimiter, quote }: RecordDialect): readonly string[] {
  const fields: string[] = [];
  let start = 0;
  /** Whether the field has spaces only so far, which may stand before a quote. */
  let blank = true;
  let opened = false;
  let quoted = false;
  for (let at = 0; at < record.length; at++) {
    const char = record[at];
    if (char === delimiter && !quoted) {
      fields.push(record.slice(start, at));
      start = at + 1;
      blank = true;
      opened = false;
      continue;
    }
    if (char === quote) {
      // A doubled quote closes and opens again.
      quoted = !quoted && (blank || (opened && record[at - 1] === quote));
      opened ||= blank;
    }
    blank &&= char === ' ';
  }
  return [...fields, record.slice(start)];
}

/** The text that a field means. */
export function fieldText(written: string, { quote }: RecordDialect): string {
  // Spaces around a quoted field do not belong to it.
  let from = 0;
  let to = written.length;
  while (written[from] === ' ') from++;
  while (to > from && written[to - 1] === ' ') to--;
  const trimmed = written.slice(from, to);
  const isQuoted = trimmed.length > 1 && trimmed.startsWith(quote) && trimmed.endsWith(quote);
  return isQuoted ? trimmed.slice(1, -1).replaceAll(quote + quote, quote) : written;
}

/** A record with another text in one of its fields. */
export function withField(record: string, index: number, text: string, dialect: RecordDialect): string {
  const fields = splitRecord(record, dialect).with(index, writeField(text, dialect));
  return fields.join(dialect.delimiter);
}

export function writeField(text: string, { delimiter, quote }: RecordDialect): string {
  const isPlain = ![delimiter, quote, '\n', '\r'].some((char) => text.includes(char)) && text.trim() === text;
  return isPlain ? text : quote + text.replaceAll(quote, quote + quote) + quote;
}
