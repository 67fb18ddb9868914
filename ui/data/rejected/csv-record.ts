/** How the records of rejected rows are written. */
export interface RecordDialect {
  readonly delimiter: string;
  readonly quote: string;
}

/** Splits a record into its fields as they are written, quotes included, so that what is not edited stays as it is. */
export function splitRecord(record: string, { delimiter, quote }: RecordDialect): readonly string[] {
  const fields: string[] = [];
  let start = 0;
  let opened = false;
  let quoted = false;
  for (let at = 0; at < record.length; at++) {
    const char = record[at];
    if (char === quote) {
      const opens: boolean = !opened && record.slice(start, at).trim() === '';
      // A doubled quote closes and opens again.
      quoted = !quoted && (opens || (opened && record[at - 1] === quote));
      opened ||= opens;
    } else if (char === delimiter && !quoted) {
      fields.push(record.slice(start, at));
      start = at + 1;
      opened = false;
    }
  }
  return [...fields, record.slice(start)];
}

/** The text that a field means. */
export function fieldText(written: string, { quote }: RecordDialect): string {
  const trimmed = written.trim();
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
