import { type CsvRecord, readRecords } from './record-reader.ts';
import { RecordRewriter } from './record-rewriter.ts';

/** Number of records from which the delimiter and the header are detected. */
const SAMPLE_RECORDS = 1000;

/** The text of a table at the start of a file. */
export interface HeadText {
  /** Begins with a record or a comment. All lines end with a line feed. */
  readonly bytes: Buffer;
  readonly quote: string;
  readonly escape: string | null;
  readonly comment: string | null;
  /** Whether the file has no more bytes. */
  readonly complete: boolean;
  /** Number of lines above the text. */
  readonly linesBefore: number;
}

/** The text without comments and escape characters. */
export function plainText(text: HeadText, delimiter: string): Buffer {
  const { bytes, quote, comment } = text;
  if (text.escape === null && comment === null) return bytes;
  // The number of columns is not known yet, and the last field stays.
  const rest = { dropEmptyField: false, columns: 2, crEndsLine: false, firstLine: 1 };
  const rewriter = new RecordRewriter({ delimiter, quote, escape: text.escape, comment, ...rest });
  return Buffer.concat([rewriter.push(bytes), rewriter.end()]);
}

/** The first records of a text. Omits the last one if it may be incomplete, unless a quote in it is not closed. */
export function sampleRecords(
  text: Buffer,
  dialect: { readonly delimiter: string; readonly quote: string },
  complete: boolean,
): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  for (const record of readRecords(text, dialect, 2, 1)) {
    const isWhole = complete || record.byteOffset + record.bytes < text.length;
    if (isWhole || record.malformed !== null) records.push(record);
    if (records.length === SAMPLE_RECORDS) break;
  }
  return records;
}
