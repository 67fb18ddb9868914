import { type FileHandle, open } from 'node:fs/promises';
import type { CsvRecord } from '../../csv/record-reader.ts';
import { type CsvSegment, type CsvSource, withMark } from '../../csv/segment.ts';
import type { RejectedRow } from '../../model/rejected-row.ts';

const WRITE_BYTES = 256 * 1024;

/** Gathers what goes into one file, which replaces what was there. */
class GatheringFile {
  readonly #file: FileHandle;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async write(...parts: readonly Buffer[]): Promise<void> {
    for (const part of parts) {
      this.#parts.push(part);
      this.#bytes += part.length;
    }
    if (this.#bytes >= WRITE_BYTES) await this.#flush();
  }

  /** Closes the file; what was written is on disk then. */
  async close(): Promise<void> {
    try {
      await this.#flush();
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  async #flush(): Promise<void> {
    const whole = Buffer.concat(this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    if (whole.length > 0) await this.#file.appendFile(whole);
  }
}

const LINE_FEED = Buffer.from('\n');

/** Every refusal, twice: a line of JSON that tells it, and the record itself in a CSV file that can be mended. */
export class RefusalFiles {
  readonly #list: GatheringFile;
  readonly #csv: GatheringFile;

  private constructor(list: GatheringFile, csv: GatheringFile) {
    this.#list = list;
    this.#csv = csv;
  }

  static async open({
    list,
    csv,
    source,
  }: {
    readonly list: string;
    readonly csv: string;
    readonly source: CsvSource;
  }): Promise<RefusalFiles> {
    const files = new RefusalFiles(new GatheringFile(await open(list, 'w')), new GatheringFile(await open(csv, 'w')));
    await files.#csv.write(Buffer.from(`${headerOf(source)}\n`));
    return files;
  }

  /** @param record its bytes as they stand in the segment, without the line feed */
  async write(refusal: RejectedRow, record: Buffer): Promise<void> {
    await this.#list.write(Buffer.from(`${JSON.stringify(refusal)}\n`));
    await this.#csv.write(record, LINE_FEED);
  }

  async close(): Promise<void> {
    await this.#list.close();
    await this.#csv.close();
  }
}

/** A header record, also where the file has none: the mended file names its columns. */
function headerOf({ columns, dialect: { delimiter, quote } }: CsvSource): string {
  const mark = quote === '' ? '"' : quote;
  const plain = (name: string): boolean => !name.includes(delimiter) && !name.includes(mark) && name.trim() === name;
  return columns
    .map((name) => (plain(name) ? name : `${mark}${name.replaceAll(mark, mark + mark)}${mark}`))
    .join(delimiter);
}

/**
 * Writes a segment anew, beside the old one, without the refused records.
 *
 * @param bytes the segment's text
 * @param refused in their order
 * @returns the segment itself where none is refused; none where all are
 */
export async function writeKept(
  segment: CsvSegment,
  bytes: Buffer,
  refused: readonly CsvRecord[],
): Promise<readonly CsvSegment[]> {
  if (refused.length === 0) return [segment];
  const records = segment.records - refused.length;
  if (records === 0) return [];
  const path = `${segment.path}.kept`;
  const file = new GatheringFile(await open(path, 'w'));
  let length = 0;
  let from = 0;
  const keep = async (to: number): Promise<void> => {
    const kept = bytes.subarray(from, to);
    for (const part of length === 0 ? withMark(kept) : [kept]) {
      length += part.length;
      await file.write(part);
    }
  };
  try {
    for (const record of refused) {
      await keep(record.byteOffset);
      from = record.byteOffset + record.bytes + 1;
    }
    await keep(bytes.length);
  } finally {
    await file.close();
  }
  return [{ ...segment, path, bytes: length, records }];
}
