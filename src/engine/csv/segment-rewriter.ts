import { rm } from 'node:fs/promises';
import { CombinedColumn, columnsOfRecords } from '../../csv/combined-column.ts';
import type { CsvDialect } from '../../csv/dialect.ts';
import type { CsvRecord } from '../../csv/record-reader.ts';
import { BYTE_ORDER_MARK, beginsWithMark, type CsvSegment } from '../../csv/segment.ts';
import { segmentRecords } from '../../csv/segment-records.ts';
import { isCertain } from '../../csv/values/certain-columns.ts';
import { type ParsedValue, parserFor, type ValueParser } from '../../csv/values/value-parser.ts';
import type { Values } from '../../csv/values/values.ts';
import type { ParsedColumn, ParsedFile } from '../../model/parsed-columns.ts';
import { RowDoesNotFit } from '../duckdb-failure.ts';
import type { AmbiguousTimes, RewrittenDialect } from '../protocol.ts';
import { BufferedFile } from './buffered-file.ts';

/** What canonical values are written with. */
const CANONICAL = /[-+.: 0-9a-z]/;
const OUT_BYTES = 512 * 1024;
/** Longest canonical value, in quotes and with a delimiter. */
const MAX_VALUE_BYTES = 64;

export interface RewriteOptions {
  /** If false, the values of all columns are judged; else those that are not certain by their shape. */
  readonly trustShapes: boolean;
  /** Whether the rewritten segments are to have commas and double quotes, whatever the dialect of the file. */
  readonly recode?: boolean;
}

/** Rewrites segments so that the values of all columns are canonical. Text is copied as it is. */
export class SegmentRewriter {
  /** The dialect of the rewritten segments. */
  readonly dialect: RewrittenDialect;
  readonly #source: CsvDialect;
  readonly #columns: readonly ParsedColumn[];
  readonly #combined: CombinedColumn | null;
  readonly #parsers: readonly ValueParser[];
  readonly #trustShapes: boolean;
  /** Around canonical values. */
  readonly #mark: string;

  constructor(file: ParsedFile & RewriteOptions, dialect: CsvDialect) {
    this.#columns = columnsOfRecords(file);
    this.#combined = CombinedColumn.of(file);
    this.#trustShapes = file.trustShapes;
    const nulls = new Set(file.nulls);
    this.#parsers = this.#columns.map(({ format }) => parserFor(format, nulls));
    const isSplit = CANONICAL.test(dialect.delimiter);
    // Without quotes, a value such as 2024-01-02 would be split at hyphens.
    const recode = file.recode === true || (isSplit && dialect.quote === '');
    this.dialect = recode ? { delimiter: ',', quote: '"' } : dialect;
    this.#mark = isSplit && !recode ? dialect.quote : '';
    this.#source = dialect;
  }

  ambiguousTimes(): readonly AmbiguousTimes[] {
    const counted = this.#parsers.map(
      ({ ambiguousTimes }, index) => [this.#columns[index]?.name, ambiguousTimes] as const,
    );
    const all = [...counted, [this.#combined?.name, this.#combined?.counts.ambiguousTimes ?? null] as const];
    return all.flatMap(([column = '', values]) => (values === null ? [] : [{ column, values }]));
  }

  get incompleteTimes(): Values | null {
    return this.#combined?.counts.incomplete ?? null;
  }

  /**
   * @param onProgress is called with the number of bytes read so far
   * @param path of the new segment; by default next to the old one
   * @returns the new segment
   * @throws RowDoesNotFit at the first record that cannot become a row
   */
  async rewrite(
    segment: CsvSegment,
    signal: AbortSignal,
    onProgress: (bytes: number) => void,
    path = `${segment.path}.values`,
  ): Promise<CsvSegment> {
    const columns = this.#columns;
    const rewritten = columns.map(
      ({ format }, index) =>
        format.type !== 'text' && !(this.#trustShapes && isCertain(format, segment.shapes[index] ?? [])),
    );
    const recode = this.dialect !== this.#source;
    const wanted = recode ? null : rewritten.map((is, index) => is || (this.#combined?.isPart(index) ?? false));
    const file = await BufferedFile.create(path, { durable: false });
    const out = new Output(file);
    try {
      for await (const { text, records, offset } of segmentRecords(segment, this.#source, columns.length, { wanted })) {
        signal.throwIfAborted();
        for (const record of records) {
          if (record.malformed !== null || record.fields.length !== columns.length)
            throw new RowDoesNotFit(record.line);
          if (recode) this.#recode(record, rewritten, out);
          else this.#write(record, rewritten, text, out);
          if (out.isFull) await out.flush();
        }
        onProgress(offset + text.length);
      }
      await out.flush();
      await file.close();
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(path, { force: true });
      throw error;
    }
    return { ...segment, path, bytes: out.bytes };
  }

  #write(record: CsvRecord, rewritten: readonly boolean[], text: Buffer, out: Output): void {
    const { ends, byteOffset } = record;
    const width = rewritten.length;
    let from = byteOffset;
    for (let index = 0; index < width; index++) {
      const end = ends[index] as number;
      if (rewritten[index] === true) {
        const start = index === 0 ? byteOffset : (ends[index - 1] as number) + 1;
        if (start > from) out.copy(text, from, start);
        const value = this.#value(record, index);
        if (value !== null) out.ascii(this.#mark === '' ? value : this.#mark + value + this.#mark);
        from = end;
      }
    }
    const end = byteOffset + record.bytes;
    if (end > from) out.copy(text, from, end);
    this.#addCombined(record, out);
    out.endLine();
  }

  #recode(record: CsvRecord, rewritten: readonly boolean[], out: Output): void {
    for (let index = 0; index < rewritten.length; index++) {
      if (index > 0) out.ascii(',');
      const value = rewritten[index] === true ? this.#value(record, index) : (record.fields[index] ?? null);
      if (value === null) continue;
      out.utf8(rewritten[index] === true ? value : `"${value.replaceAll('"', '""')}"`);
    }
    this.#addCombined(record, out);
    out.endLine();
  }

  #addCombined(record: CsvRecord, out: Output): void {
    if (this.#combined === null) return;
    const value = canonical(this.#combined.parse(record), record);
    out.ascii(this.dialect.delimiter);
    if (value !== null) out.ascii(this.#mark + value + this.#mark);
  }

  #value(record: CsvRecord, index: number): string | null {
    const parser = this.#parsers[index] as ValueParser;
    return canonical(parser.parse(record.fields[index] ?? null, record.line), record);
  }
}

/** @throws RowDoesNotFit */
function canonical(value: ParsedValue, { line }: CsvRecord): string | null {
  if (value !== null && typeof value !== 'string') throw new RowDoesNotFit(line);
  return value;
}

/** Bytes on their way to a file. */
class Output {
  bytes = 0;
  readonly #file: BufferedFile;
  #buffer = Buffer.allocUnsafeSlow(OUT_BYTES);
  #length = 0;

  constructor(file: BufferedFile) {
    this.#file = file;
  }

  get isFull(): boolean {
    return this.#length > OUT_BYTES / 2;
  }

  ascii(text: string): void {
    this.#reserve(Math.max(text.length, MAX_VALUE_BYTES));
    this.#length += this.#buffer.write(text, this.#length, 'latin1');
  }

  utf8(text: string): void {
    this.#reserve(text.length * 3);
    this.#length += this.#buffer.write(text, this.#length);
  }

  copy(text: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    this.#length += text.copy(this.#buffer, this.#length, from, to);
  }

  endLine(): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = 10;
  }

  async flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#length);
    const marked = this.bytes === 0 && beginsWithMark(bytes) ? Buffer.concat([BYTE_ORDER_MARK, bytes]) : bytes;
    this.bytes += marked.length;
    this.#length = 0;
    await this.#file.writeNow(marked);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#length + bytes));
    this.#buffer.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
  }
}
