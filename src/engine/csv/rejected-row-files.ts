import type { CsvSource } from '../../csv/segment.ts';
import type { RejectedRecord, RejectedRow } from '../../model/rejected-row.ts';
import { BufferedFile } from './buffered-file.ts';

const LINE_FEED = Buffer.from('\n');
/** A longer record is not in the list, whose pages are read as a whole. */
const RECORD_BYTES = 16_384;

/** Two files with every rejected row: why it was rejected, as lines of JSON, and the records themselves, as CSV to correct. */
export class RejectedRowFiles {
  readonly #list: BufferedFile;
  readonly #csv: BufferedFile;
  #waiting: { readonly row: RejectedRow; readonly before: string | null; readonly record: Buffer } | null = null;

  private constructor(list: BufferedFile, csv: BufferedFile) {
    this.#list = list;
    this.#csv = csv;
  }

  static async create({
    list,
    csv,
    source,
  }: {
    readonly list: string;
    readonly csv: string;
    readonly source: CsvSource;
  }): Promise<RejectedRowFiles> {
    const files = new RejectedRowFiles(await BufferedFile.create(list), await BufferedFile.create(csv));
    await files.#csv.write(Buffer.from(`${headerOf(source)}\n`));
    return files;
  }

  /** Whether the last row waits for the record after it. */
  get awaitsNext(): boolean {
    return this.#waiting !== null;
  }

  /**
   * Adds a row, which is written when the next record is known.
   *
   * @param before the record before it
   * @param record its bytes in the segment, without the line feed, whose memory may not be reused
   */
  add(row: RejectedRow, before: string | null, record: Buffer): void {
    this.#waiting = { row, before, record };
  }

  /** Writes the row that waits. @param after the record after it; null at the end of the file */
  async writeBefore(after: string | null): Promise<void> {
    if (this.#waiting === null) return;
    const { row, before, record } = this.#waiting;
    this.#waiting = null;
    const text = record.length > RECORD_BYTES ? null : record.toString('utf8');
    const listed: RejectedRecord = { ...row, record: text, before, after };
    await this.#list.write(Buffer.from(`${JSON.stringify(listed)}\n`));
    await this.#csv.write(record, LINE_FEED);
  }

  async close(): Promise<void> {
    await this.writeBefore(null);
    await this.#list.close();
    await this.#csv.close();
  }
}

/** A header record, even if the uploaded file has none: so the corrected file names its columns. */
function headerOf({ columns, dialect: { delimiter, quote } }: CsvSource): string {
  const mark = quote === '' ? '"' : quote;
  const isPlain = (name: string): boolean => !name.includes(delimiter) && !name.includes(mark) && name.trim() === name;
  return columns
    .map((name) => (isPlain(name) ? name : `${mark}${name.replaceAll(mark, mark + mark)}${mark}`))
    .join(delimiter);
}
