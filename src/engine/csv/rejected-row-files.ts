import type { CsvSource } from '../../csv/segment.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';
import { BufferedFile } from './buffered-file.ts';

const LINE_FEED = Buffer.from('\n');

/** Two files with every rejected row: why it was rejected, as lines of JSON, and the records themselves, as CSV to correct. */
export class RejectedRowFiles {
  readonly #list: BufferedFile;
  readonly #csv: BufferedFile;

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

  /** @param record its bytes in the segment, without the line feed */
  async write(row: RejectedRow, record: Buffer): Promise<void> {
    await this.#list.write(Buffer.from(`${JSON.stringify(row)}\n`));
    await this.#csv.write(record, LINE_FEED);
  }

  async close(): Promise<void> {
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
